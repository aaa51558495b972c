# Input: a List of Namespaces and RoleBindings. Output: shell commands, and as comments what needs a decision.

# A member's ServiceAccount, in both ways to write it. What isn't a ServiceAccount's name never reaches a command line.
def member:
  if .kind == "ServiceAccount" and .namespace == "poolc-users" then .name
  elif .kind == "User" and (.name | startswith("system:serviceaccount:poolc-users:"))
  then .name | ltrimstr("system:serviceaccount:poolc-users:")
  else empty end
  | select(test("\\A[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?\\z"));

def everybody: .kind == "Group" and .name == "system:serviceaccounts:poolc-users";

(.items | map(select(.kind == "RoleBinding" and
  (.roleRef.name | IN("admin", "cluster-admin", "poolc-namespace-owner"))))) as $bindings
| .items[]
| select(.kind == "Namespace" and (.metadata.labels["poolc.org/owner"] | not))
| .metadata.name as $namespace
| select($namespace | test("\\A(default|(kube|poolc)-.*)\\z") | not)
| [$bindings[] | select(.metadata.namespace == $namespace) | .subjects[]?] as $subjects
| ([$subjects[] | member] | unique) as $owners
| if ($owners | length) == 1 then
    "kubectl label namespace \($namespace) poolc.org/owner=\($owners[0])"
  elif ($owners | length) > 1 then
    "# \($namespace) has \($owners | length) admins; one of them is to own it, the others keep their RoleBindings:",
    ($owners[] | "# kubectl label namespace \($namespace) poolc.org/owner=\(.)")
  else
    "# \($namespace): no member is admin there; not a member's, or its owner has left"
  end,
  if any($subjects[]; everybody) then "# \($namespace): every member is admin there; such a binding can't be made anew" else empty end
