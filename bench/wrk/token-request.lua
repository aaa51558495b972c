-- TokenRequests as a sync sends them, for one account after the other, as fast as the API server answers.
-- ACCOUNTS_FILE: one `name uid` a line. TOKEN_FILE: the bearer token.

local requests = {}
local next_request = 0

function init()
  local token = io.open(os.getenv("TOKEN_FILE")):read("*l")
  local headers = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }
  for line in io.lines(os.getenv("ACCOUNTS_FILE")) do
    local name, uid = line:match("^(%S+) (%S+)$")
    local path = "/api/v1/namespaces/" .. os.getenv("NAMESPACE") .. "/serviceaccounts/" .. name .. "/token"
    local body = '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","metadata":{"uid":"' .. uid
      .. '"},"spec":{"expirationSeconds":604800}}'
    requests[#requests + 1] = wrk.format("POST", path, headers, body)
  end
end

function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end

dofile(os.getenv("REPORT_SCRIPT"))
