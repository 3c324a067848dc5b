-- Does what RUNG_DRIVE says in the file that is open, and writes down the windows and the messages it saw.
local seen = { lines = {}, said = {} }
local driving = dofile(vim.fs.joinpath(vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)), 'driving.lua'))
local expect, plan = driving.expect, driving.plan

local function expect_line(found)
  expect('a line with ' .. found, function()
    return table.concat(seen.lines, '\n'):find(found, 1, true) ~= nil
  end)
end

-- What every window shows, from the top.
local function windows()
  return vim.tbl_map(function(window)
    return vim.fs.basename(vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(window)))
  end, vim.api.nvim_tabpage_list_wins(0))
end

local ways = {}

function ways.window()
  vim.cmd('1,2Rung explain')
  driving.shown('explain-selection.md')
  seen.explained = windows()
  seen.served = {}
  for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    vim.lsp.config.rung.root_dir(vim.api.nvim_win_get_buf(window), function(folder)
      table.insert(seen.served, vim.fs.basename(folder))
    end)
  end
  vim.cmd('Rung receipt')
  driving.shown('receipt.txt')
  seen.receipt = windows()
  vim.api.nvim_feedkeys('q', 'xt', false)
  seen.closed = windows()
  vim.cmd('1,2Rung explain')
  driving.shown('explain-selection.md')
  vim.cmd('quit')
  seen.quit = windows()
end

function ways.failing()
  vim.api.nvim_create_autocmd('FileType', { pattern = 'markdown', command = 'echoerr "a plugin that fails"' })
  for _ = 1, 2 do
    vim.cmd('1,2Rung explain')
    driving.shown('explain-selection.md')
    seen.explained = windows()
    vim.cmd.wincmd('p')
  end
  vim.cmd.wincmd('p')
  vim.api.nvim_feedkeys('q', 'xt', false)
  seen.closed = windows()
end

function ways.messages()
  vim.cmd('Rung review')
  expect('a message', function()
    return #seen.said > 0
  end)
  expect('the end', function()
    return seen.ended
  end)
  vim.cmd('Rung cancel')
  expect_line('Rung: nothing runs.')
end

function ways.cancel()
  vim.cmd('1,2Rung explain')
  expect_line('small (')
  vim.cmd('Rung cancel')
  expect_line('Rung: cancelled.')
  expect_line('Rung: Explain selection: cancelled')
end

function ways.words()
  seen.words = require('rung').complete('')
  seen.actions = require('rung').actions
  local away, tired = { name = 'small', model = 'auto', state = 'down', reason = 'Gone.' }, { name = 'large', state = 'busy' }
  seen.status = require('rung').lines_of({ kind = 'down', message = 'No model. small: Gone.', tiers = { away, tired } })
end

local function drive()
  vim.o.columns = 60
  vim.notify = function(text)
    table.insert(seen.said, text)
  end
  local echo = vim.api.nvim_echo
  vim.api.nvim_echo = function(chunks, history, options)
    table.insert(seen.lines, chunks[1][1])
    return echo(chunks, history, options)
  end
  vim.api.nvim_create_autocmd('LspProgress', {
    pattern = 'end',
    callback = function()
      seen.ended = true
    end,
  })
  seen.room = vim.v.echospace
  vim.lsp.enable('rung')
  vim.bo.filetype = 'python'
  driving.expect_server()
  ways[plan.way]()
end

driving.run(seen, drive, 'qall!')
