if vim.g.loaded_rung then
  return
end
vim.g.loaded_rung = true

vim.api.nvim_create_user_command('Rung', function(args)
  require('rung').command(args)
end, {
  desc = "Rung's code actions: pick one, or name it",
  nargs = '?',
  range = true,
  complete = function(lead)
    return require('rung').complete(lead)
  end,
})

vim.api.nvim_create_autocmd('LspProgress', {
  group = vim.api.nvim_create_augroup('rung', {}),
  desc = 'Show how a request of Rung goes',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'rung' then
      require('rung.show').progress(client.id, event.data.params)
    end
  end,
})
