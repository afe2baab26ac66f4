-- One Cookie header after the other from a file: wrk ... -s rotate.lua URL -- FILE BYTE_OFFSET
local file, head

function init (args)
  file = assert(io.open(args[1], 'r'))
  file:seek('set', tonumber(args[2]))
  head = 'GET ' .. wrk.path .. ' HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: '
end

function request ()
  local line = file:read('*l')
  if line == nil then
    file:seek('set', 0)
    line = file:read('*l')
  end
  return head .. line .. '\r\n\r\n'
end
