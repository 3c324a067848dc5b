--- What Rung shows by itself: answers in a window of their own, and messages that fit into one line of the screen.

local M = {}

--- Whether a file is one of the server's, in the folder that goes with its session.
---@param path string
---@return boolean
function M.is_answer(path)
  local folder = vim.fs.basename(vim.fs.dirname(path) or '')
  return vim.startswith(folder, 'rung-') and vim.fs.basename(path):match('^%d+%-') ~= nil
end

--- A text as it fits into one line of the screen: longer, Neovim would ask for ENTER.
---@param text string
---@return string
local function fitting(text)
  local room = vim.v.echospace
  if vim.fn.strdisplaywidth(text) <= room then
    return text
  end
  local count = math.min(vim.fn.strchars(text), room)
  local cut = vim.fn.strcharpart(text, 0, count)
  while count > 0 and vim.fn.strdisplaywidth(cut) > room - 1 do
    count = count - 1
    cut = vim.fn.strcharpart(text, 0, count)
  end
  return cut .. '…'
end

--- Show one line that the next one replaces; not while a command is typed, which it would hide.
---@param text string
function M.line(text)
  if not vim.startswith(vim.api.nvim_get_mode().mode, 'c') then
    local line = text:gsub('%s+', ' ')
    vim.api.nvim_echo({ { fitting(line) } }, false, {})
  end
end

--- Put a buffer into the window an answer is in already, else into a new one below.
---@param bufnr integer
---@param focus boolean
---@return integer window
local function window_with(bufnr, focus)
  for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if vim.b[vim.api.nvim_win_get_buf(window)].rung_answer then
      vim.api.nvim_win_set_buf(window, bufnr)
      if focus then
        vim.api.nvim_set_current_win(window)
      end
      return window
    end
  end
  return vim.api.nvim_open_win(bufnr, focus, { split = 'below', win = 0 })
end

--- Open an answer beside what the person works on: `q` and `:q` close it, and nothing else.
---@param path string
---@param focus boolean
---@param client_id integer whose answer it is
local function open(path, focus, client_id)
  local bufnr = vim.fn.bufadd(path)
  vim.bo[bufnr].swapfile = false
  local whole, problem = pcall(window_with, bufnr, focus)
  local window = vim.fn.bufwinid(bufnr)
  if window == -1 then
    error(problem, 0)
  elseif not whole then
    -- A file type's plugin that fails takes nothing from the window it fails in.
    vim.lsp.log.warn('rung', problem)
    if focus then
      vim.api.nvim_set_current_win(window)
    end
  end
  vim.b[bufnr].rung_answer = client_id
  vim.wo[window][0].wrap = true
  vim.wo[window][0].linebreak = true
  vim.keymap.set('n', 'q', function()
    if not pcall(vim.api.nvim_win_close, 0, false) then
      vim.cmd.bdelete()
    end
  end, { buffer = bufnr, nowait = true, desc = 'Close the answer' })
end

--- `window/showDocument`: answers get their own window, every other file opens as Neovim opens it.
---@param err? lsp.ResponseError
---@param params lsp.ShowDocumentParams
---@param context lsp.HandlerContext
---@return any
function M.document(err, params, context)
  local path = vim.startswith(params.uri, 'file:') and vim.uri_to_fname(params.uri) or ''
  if not M.is_answer(path) then
    return vim.lsp.handlers['window/showDocument'](err, params, context)
  end
  -- Who types goes on typing where they were.
  local focus = params.takeFocus == true and vim.startswith(vim.api.nvim_get_mode().mode, 'n')
  local opened, problem = pcall(open, path, focus, context.client_id)
  if opened then
    return { success = true }
  end
  -- There is no room for another window.
  vim.lsp.log.warn('rung', problem)
  return { success = false }
end

--- `window/showMessage`: what is for information and has one line, on one line; all else whole.
---@param _ any
---@param params lsp.ShowMessageParams
function M.message(_, params)
  local protocol = vim.lsp.protocol.MessageType
  local levels = { [protocol.Error] = vim.log.levels.ERROR, [protocol.Warning] = vim.log.levels.WARN }
  local level = levels[params.type]
  local text = params.message
  local short = not level and not text:find('\n', 1, true)
  vim.notify(short and fitting(text) or text, level or vim.log.levels.INFO)
end

--- The titles of what runs, by the client and the token of its progress.
---@type table<string, string>
local titles = {}

--- Show how a request goes, from the event `LspProgress`.
---@param client_id integer
---@param params { token: integer|string, value: table }
function M.progress(client_id, params)
  local value = params.value
  local key = ('%d %s'):format(client_id, params.token)
  titles[key] = value.title or titles[key] or 'Rung'
  local text = titles[key]
  -- An end without a message is followed by one that says more.
  if value.message then
    text = ('%s: %s'):format(text, value.message)
  end
  if value.kind == 'end' then
    titles[key] = nil
    if value.message then
      M.line(text)
    end
  else
    M.line(text .. '…')
  end
end

return M
