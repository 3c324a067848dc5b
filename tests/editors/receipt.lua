-- Explains two lines of the file that is open, opens the receipt as RUNG_DRIVE says, and writes down what it saw.
local seen = { said = {} }
local driving = dofile(vim.fs.joinpath(vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)), 'driving.lua'))
local expect, plan = driving.expect, driving.plan

local function drive()
  vim.notify = function(text)
    table.insert(seen.said, text)
  end
  vim.lsp.enable('rung')
  vim.bo.filetype = 'python'
  local code = vim.api.nvim_get_current_buf()
  driving.expect_server()
  vim.cmd('1,2Rung explain')
  seen.explanation = driving.shown('explain-selection.md')
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
  seen.receipt = driving.shown('receipt.txt')
  seen.words = require('rung').complete('re')
end

driving.run(seen, drive, 'qall!')
