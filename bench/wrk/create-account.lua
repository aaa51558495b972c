-- Creates ServiceAccounts as a first run does, each with a name of its own, as fast as the API server answers.
-- TOKEN_FILE: the bearer token. PREFIX: what the names begin with, another one at each run.

local created = 0
local headers

function init()
  local token = io.open(os.getenv("TOKEN_FILE")):read("*l")
  headers = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }
end

function request()
  created = created + 1
  local namespace = os.getenv("NAMESPACE")
  local body = '{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"' .. os.getenv("PREFIX") .. created
    .. '","namespace":"' .. namespace .. '","labels":{"app.kubernetes.io/managed-by":"credentials-updater"},'
    .. '"annotations":{"credentials-updater/user-uuid":"00000000-0000-4000-8000-'
    .. string.format("%012d", created) .. '"}},"automountServiceAccountToken":false}'
  return wrk.format("POST", "/api/v1/namespaces/" .. namespace .. "/serviceaccounts", headers, body)
end

dofile(os.getenv("REPORT_SCRIPT"))
