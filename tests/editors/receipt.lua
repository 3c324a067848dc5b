-- Explains two lines of the file that is open, opens the receipt as RUNG_DRIVE says, and writes down what it saw.
local seen = { said = {} }
local plan = vim.json.decode(vim.env.RUNG_DRIVE)

local function finish(error)
  seen.error = error
  local file = assert(io.open(vim.env.RUNG_SEEN, 'w'))
  file:write(vim.json.encode(seen))
  file:close()
  vim.cmd(error and 'cquit' or 'qall!')
end

local function expect(what, condition)
  if not vim.wait(30000, condition, 20) then
    error('waited in vain for ' .. what, 0)
  end
end

local function shown(ending)
  expect('a document ' .. ending, function()
    return vim.endswith(vim.api.nvim_buf_get_name(0), ending)
  end)
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

local function drive()
  vim.notify = function(text)
    table.insert(seen.said, text)
  end
  vim.lsp.enable('rung')
  vim.bo.filetype = 'python'
  local code = vim.api.nvim_get_current_buf()
  expect('the server', function()
    local client = vim.lsp.get_clients({ name = 'rung', bufnr = 0 })[1]
    return client ~= nil and client.initialized
  end)
  vim.cmd('1,2Rung explain')
  seen.explanation = shown('explain-selection.md')
  if plan.way == 'command' then
    vim.cmd('Rung receipt')
  else
    vim.api.nvim_set_current_buf(code)
    vim.lsp.buf.code_action({
      apply = true,
      filter = function(action)
        return vim.startswith(action.title, 'Receipt: ')
      end,
    })
  end
  seen.receipt = shown('receipt.txt')
  seen.words = require('rung').complete('re')
end

vim.schedule(function()
  local ok, problem = pcall(drive)
  finish(not ok and tostring(problem) or nil)
end)
