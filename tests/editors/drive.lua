-- Drives one Neovim that git opened for a commit message: does what RUNG_DRIVE says, writes down what it saw, and saves.
local seen = {}
local plan = vim.json.decode(vim.env.RUNG_DRIVE)

local function finish(error)
  seen.error = error
  local file = assert(io.open(vim.env.RUNG_SEEN, 'w'))
  file:write(vim.json.encode(seen))
  file:close()
  -- A failed test must not make a commit: git takes an editor that fails for a change of mind.
  vim.cmd(error and 'cquit' or 'wqall')
end

local function lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

local function expect(what, condition)
  if not vim.wait(30000, condition, 20) then
    error('waited in vain for ' .. what, 0)
  end
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
  expect('the server', function()
    local client = vim.lsp.get_clients({ name = 'rung', bufnr = 0 })[1]
    return client ~= nil and client.initialized
  end)
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

-- Once the buffer is there and git's filetype is known; errors are the test's to see, not the terminal's.
vim.schedule(function()
  local ok, problem = pcall(drive)
  finish(not ok and tostring(problem) or nil)
end)
