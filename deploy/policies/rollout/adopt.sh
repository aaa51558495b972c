#!/bin/sh
# Finds the owners of namespaces that members made before these policies, from who is admin there, and prints the
# commands that record them. It changes nothing: read them, decide what it could not, then run them.
#   deploy/policies/rollout/adopt.sh > adopt-now.sh; less adopt-now.sh; sh adopt-now.sh
# Needs kubectl, with the right to read namespaces and RoleBindings, and jq.
set -eu
kubectl get namespaces,rolebindings --all-namespaces --output json | jq --raw-output --from-file "$(dirname "$0")/adopt.jq"
