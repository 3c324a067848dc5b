-- What every script that drives a Neovim shares: it does what RUNG_DRIVE says, and writes what it saw to RUNG_SEEN.
local M = { plan = vim.json.decode(vim.env.RUNG_DRIVE) }

function M.expect(what, condition)
  if not vim.wait(30000, condition, 20) then
    error('waited in vain for ' .. what, 0)
  end
end

function M.expect_server()
  M.expect('the server', function()
    local client = vim.lsp.get_clients({ name = 'rung', bufnr = 0 })[1]
    return client ~= nil and client.initialized
  end)
end

-- The lines of the document whose name ends so, once it is open.
function M.shown(ending)
  M.expect('a document ' .. ending, function()
    return vim.endswith(vim.api.nvim_buf_get_name(0), ending)
  end)
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

-- Runs `drive` once the buffer is there and its filetype is known, writes down `seen`, and leaves by the command `leave`.
-- Errors are the test's to see, not the terminal's; git takes an editor that fails for a change of mind.
function M.run(seen, drive, leave)
  vim.schedule(function()
    local ok, problem = pcall(drive)
    seen.error = not ok and tostring(problem) or nil
    local file = assert(io.open(vim.env.RUNG_SEEN, 'w'))
    file:write(vim.json.encode(seen))
    file:close()
    vim.cmd(ok and leave or 'cquit')
  end)
end

return M
