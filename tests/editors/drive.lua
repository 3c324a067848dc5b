-- Drives one Neovim that git opened for a commit message: does what RUNG_DRIVE says, writes down what it saw, and saves.
local seen = {}
local driving = dofile(vim.fs.joinpath(vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)), 'driving.lua'))
local expect, plan = driving.expect, driving.plan

local function lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

local function drive()
  vim.lsp.enable('rung')
  seen.progress = {}
  vim.api.nvim_create_autocmd('LspProgress', {
    callback = function(event)
      table.insert(seen.progress, event.data.params.value)
    end,
  })
  vim.bo.filetype = vim.bo.filetype
  driving.expect_server()
  seen.filetype = vim.bo.filetype
  seen.before = lines()
  if plan.typed then
    vim.api.nvim_buf_set_lines(0, 0, 1, false, plan.typed)
    -- Ends the undo block, as leaving insert mode does for a person.
    vim.cmd('let &undolevels = &undolevels')
    seen.before = lines()
  end
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  local start = vim.fn.undotree().seq_cur
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      table.insert(seen, action.title)
      return action.kind == 'refactor.rung.commitMessage'
    end,
  })
  expect('the message', function()
    return table.concat(lines(), '\n') ~= table.concat(seen.before, '\n')
  end)
  seen.after = lines()
  seen.titles = { unpack(seen) }
  for index = #seen, 1, -1 do
    seen[index] = nil
  end
  expect('the end of the progress', function()
    local last = seen.progress[#seen.progress]
    return last ~= nil and last.kind == 'end'
  end)
  seen.changes = vim.fn.undotree().seq_cur - start
  vim.cmd('silent undo')
  seen.undone = lines()
  vim.cmd('silent redo')
end

driving.run(seen, drive, 'wqall')
