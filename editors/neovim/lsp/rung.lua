---@brief
---
--- Rung: code actions that start on a small local model and climb only when they must.
---
--- With this folder on 'runtimepath' (or its two lines of config copied), one line switches it on:
--- ```lua
--- vim.lsp.enable('rung')
--- ```
--- `rung` must be on PATH (`uv tool install .` in a checkout of Rung). No filetypes are named: Rung offers its actions
--- in every file, and in commit messages (`gitcommit`) above all. Everything is a plain code action; `:Rung` is a
--- shortcut to the same.

---@type vim.lsp.Config
return {
  cmd = { 'rung', 'lsp' },
  root_markers = { '.git' },
  -- Rung's own answers, which are files of no repository, need no server of their own.
  root_dir = function(bufnr, on_dir)
    if not require('rung.show').is_answer(vim.api.nvim_buf_get_name(bufnr)) then
      -- A configuration is there under the name of its server, which the types of Neovim do not say.
      ---@diagnostic disable-next-line: undefined-field
      on_dir(vim.fs.root(bufnr, vim.lsp.config.rung.root_markers or { '.git' }))
    end
  end,
  settings = {},
  handlers = {
    ['window/showDocument'] = function(...)
      return require('rung.show').document(...)
    end,
    ['window/showMessage'] = function(...)
      return require('rung.show').message(...)
    end,
  },
  capabilities = {
    workspace = {
      -- Neovim applies versioned edits without announcing it. Announced, an edit that was made for an older text of the
      -- buffer is refused instead of landing in the wrong place.
      workspaceEdit = { documentChanges = true },
    },
  },
}
