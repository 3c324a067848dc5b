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
