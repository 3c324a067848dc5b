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
