--- Shortcuts to what the language server offers anyway: every one of them is a code action or a command of the server.

local M = {}

--- What `:Rung` can be followed by, and the action it runs. Any other word is taken for the id of an action.
---@type table<string, string>
M.actions = {
  commit = 'commit-message',
  explain = 'explain-selection',
  review = 'review-file',
}

--- The one argument of the server's command `rung.run`.
---@class (exact) rung.Run
---@field action string
---@field uri? lsp.DocumentUri
---@field repository? string a folder inside the repository, where there is no document
---@field range? lsp.Range
---@field version? integer

--- What a request is about: lines from 1, both included, as a command's range has them.
---@class (exact) rung.Lines
---@field first integer
---@field last integer

--- One rung of the ladder, in the answer to `rung/status`.
---@class (exact) rung.Tier
---@field name string
---@field model? string
---@field state string
---@field reason? string

--- The answer to `rung/status`.
---@class (exact) rung.Status
---@field kind 'ready' | 'busy' | 'degraded' | 'down'
---@field message? string
---@field tiers rung.Tier[]

---@param text string
---@param level? vim.log.levels
local function say(text, level)
  vim.notify('Rung: ' .. text, level or vim.log.levels.INFO)
end

--- The server of a buffer, or the one whose answer it shows; without one there, any that runs.
---@param bufnr integer
---@return vim.lsp.Client?
local function client_of(bufnr)
  local answered = vim.b[bufnr].rung_answer
  local client = answered and vim.lsp.get_client_by_id(answered)
  if client then
    return client
  end
  return vim.lsp.get_clients({ name = 'rung', bufnr = bufnr })[1] or vim.lsp.get_clients({ name = 'rung' })[1]
end

---@param bufnr integer
---@return vim.lsp.Client?
local function client_or_word(bufnr)
  local client = client_of(bufnr)
  if not client then
    say('no server runs here, or it is still starting; :checkhealth rung says more', vim.log.levels.WARN)
  end
  return client
end

---@param err? lsp.ResponseError
local function say_failure(err)
  if err then
    say(err.message, vim.log.levels.ERROR)
  end
end

--- The range of a request: the text selected last where a command was given just that, else its whole lines, else the
--- cursor.
---@param bufnr integer
---@param lines? rung.Lines
---@param encoding 'utf-8' | 'utf-16' | 'utf-32'
---@return lsp.Range
local function range_of(bufnr, lines, encoding)
  if not lines then
    return vim.lsp.util.make_range_params(0, encoding).range
  end
  local from, to = vim.api.nvim_buf_get_mark(bufnr, '<'), vim.api.nvim_buf_get_mark(bufnr, '>')
  if vim.fn.visualmode() == 'v' and from[1] == lines.first and to[1] == lines.last then
    return vim.lsp.util.make_given_range_params(from, to, bufnr, encoding).range
  end
  return {
    start = { line = lines.first - 1, character = 0 },
    ['end'] = { line = lines.last, character = 0 },
  }
end

--- Run an action on the current buffer. The server answers at once, shows its progress, and delivers when it is done.
---@param action string the id of an action, such as `explain-selection`
---@param lines? rung.Lines
function M.run(action, lines)
  local bufnr = vim.api.nvim_get_current_buf()
  local client = client_or_word(bufnr)
  if not client then
    return
  end
  ---@type rung.Run
  local run = { action = action }
  if vim.lsp.buf_is_attached(bufnr, client.id) then
    run.uri = vim.uri_from_bufnr(bufnr)
    run.version = vim.lsp.util.buf_versions[bufnr]
    run.range = range_of(bufnr, lines, client.offset_encoding)
  else
    run.repository = vim.fn.getcwd()
  end
  local argument = run --[[@as lsp.LSPObject]]
  client:exec_cmd({ title = action, command = 'rung.run', arguments = { argument } }, { bufnr = bufnr }, say_failure)
end

--- Pick one of Rung's code actions; those of other servers are left out.
---@param lines? rung.Lines
function M.pick(lines)
  ---@param action lsp.CodeAction | lsp.Command
  ---@return boolean
  local function is_ours(action)
    local command = action.command
    local name = type(command) == 'table' and command.command or command
    return vim.startswith(type(name) == 'string' and name or '', 'rung.')
      or ('.' .. (action.kind or '') .. '.'):find('.rung.', 1, true) ~= nil
  end
  local bufnr = vim.api.nvim_get_current_buf()
  local client = client_or_word(bufnr)
  if not client then
    return
  end
  if not vim.lsp.buf_is_attached(bufnr, client.id) then
    say('offers its actions in files only', vim.log.levels.WARN)
    return
  end
  ---@type { start: [integer, integer], end: [integer, integer] }?
  local range
  if lines then
    local last = vim.api.nvim_buf_get_lines(bufnr, lines.last - 1, lines.last, false)[1] or ''
    range = { start = { lines.first, 0 }, ['end'] = { lines.last, math.max(#last - 1, 0) } }
  end
  vim.lsp.buf.code_action({ filter = is_ours, range = range })
end

--- Cancel everything of Rung's that runs.
function M.cancel()
  local client = client_or_word(vim.api.nvim_get_current_buf())
  if client then
    local command = { title = 'Cancel', command = 'rung.cancel', arguments = { vim.empty_dict() } }
    client:exec_cmd(command, nil, function(err, result)
      if err then
        return say_failure(err)
      end
      require('rung.show').line(result.cancelled > 0 and 'Rung: cancelled.' or 'Rung: nothing runs.')
    end)
  end
end

--- Open the whole receipt of the last request: who was asked, and what each rule had to say.
function M.receipt()
  local client = client_or_word(vim.api.nvim_get_current_buf())
  if client then
    local command = { title = 'Receipt', command = 'rung.openReceipt', arguments = { vim.empty_dict() } }
    client:exec_cmd(command, nil, say_failure)
  end
end

--- The state of every tier, as lines for a person.
---@param status rung.Status
---@return string[]
function M.lines_of(status)
  local message = status.message or status.kind
  local lines = { message }
  for _, tier in ipairs(status.tiers) do
    local model = tier.model and (' (' .. tier.model .. ')') or ''
    -- What the message has said already is not said again.
    local said = not tier.reason or message:find(tier.reason, 1, true) ~= nil
    local reason = said and '' or ': ' .. tier.reason
    lines[#lines + 1] = ('%s%s %s%s'):format(tier.name, model, tier.state, reason)
  end
  return lines
end

--- Replace JSON's null, which Neovim 0.12 hands over as `vim.NIL`, by nil.
---@param value any
---@return any
function M.without_null(value)
  if value == vim.NIL then
    return nil
  end
  return type(value) == 'table' and vim.tbl_map(M.without_null, value) or value
end

--- Ask the server how its models are.
---@param on_status? fun(status: rung.Status) what to do with the answer; it is shown where this is missing
function M.status(on_status)
  local client = client_or_word(vim.api.nvim_get_current_buf())
  if not client then
    return
  end
  -- A method of Rung's own, which the protocol's list of methods does not have.
  ---@diagnostic disable-next-line: param-type-mismatch
  client:request('rung/status', vim.empty_dict(), function(err, result)
    if err then
      return say_failure(err)
    end
    local status = M.without_null(result) --[[@as rung.Status]]
    if on_status then
      return on_status(status)
    end
    say(table.concat(M.lines_of(status), '\n'))
  end)
end

--- What `:Rung` does.
---@param args vim.api.keyset.create_user_command.command_args
function M.command(args)
  ---@type rung.Lines?
  local lines = args.range > 0 and { first = args.line1, last = args.line2 } or nil
  if args.args == '' then
    M.pick(lines)
  elseif args.args == 'cancel' then
    M.cancel()
  elseif args.args == 'receipt' then
    M.receipt()
  elseif args.args == 'status' then
    M.status()
  else
    M.run(M.actions[args.args] or args.args, lines)
  end
end

--- The words `:Rung` can be completed with.
---@param lead string
---@return string[]
function M.complete(lead)
  local words = vim.list_extend(vim.tbl_keys(M.actions), { 'cancel', 'receipt', 'status' })
  table.sort(words)
  return vim.tbl_filter(function(word)
    return vim.startswith(word, lead)
  end, words)
end

return M
