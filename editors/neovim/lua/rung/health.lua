--- `:checkhealth rung`

local M = {}

local health = vim.health

--- Milliseconds the check waits for a program or the server.
local LIMIT = 5000

---@return boolean
local function check_program()
  local configs = vim.lsp.config --[[@as table<string, vim.lsp.Config?>]]
  local config = configs.rung
  local cmd = config and config.cmd
  if type(cmd) ~= 'table' then
    health.info('The server is started by a function of your own.')
    return true
  end
  local program = cmd[1] or 'rung'
  if vim.fn.executable(program) == 0 then
    health.error(('`%s` is not on PATH.'):format(program), {
      'Install it: uv tool install . (in a checkout of Rung)',
      'A Neovim started from a desktop does not see what a shell adds to PATH.',
    })
    return false
  end
  local ran = vim.system({ program, '--version' }, { text = true, timeout = LIMIT }):wait()
  if ran.code ~= 0 then
    health.error(('`%s --version` failed.'):format(program), { vim.trim(ran.stderr or '') })
    return false
  end
  health.ok(('`%s`: %s'):format(vim.fn.exepath(program), vim.trim(ran.stdout or '')))
  return true
end

---@param client vim.lsp.Client
local function check_tiers(client)
  -- A method of Rung's own, which the protocol's list of methods does not have.
  ---@diagnostic disable-next-line: param-type-mismatch
  local answer, problem = client:request_sync('rung/status', vim.empty_dict(), LIMIT)
  local failure = answer and answer.err
  if not answer or failure then
    local why = failure and failure.message or problem or 'no answer'
    health.error(('The server does not say how it is: %s'):format(why))
    return
  end
  local status = answer.result --[[@as rung.Status]]
  local report = status.kind == 'down' and health.error or status.kind == 'degraded' and health.warn or health.ok
  for _, line in ipairs(require('rung').lines_of(require('rung').without_null(status))) do
    report(line)
  end
end

--- Everything that has to be in place before an action can answer.
function M.check()
  health.start('Rung')
  if vim.fn.has('nvim-0.11') == 0 then
    health.error('Neovim 0.11 or newer is needed.')
    return
  end
  if not check_program() then
    return
  end
  -- Neovim 0.11 cannot say whether a server is enabled.
  if vim.fn.has('nvim-0.12') == 1 and not vim.lsp.is_enabled('rung') then
    health.warn('The server is not enabled.', { "Add to your init.lua: vim.lsp.enable('rung')" })
  end
  local clients = vim.lsp.get_clients({ name = 'rung' })
  if #clients == 0 then
    health.info('No server is running: it starts with the first file that is opened.')
    return
  end
  for _, client in ipairs(clients) do
    health.ok(('A server runs for %s.'):format(client.root_dir or 'files outside any repository'))
    check_tiers(client)
  end
end

return M
