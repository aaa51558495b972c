#!/bin/sh
# Under the audit overlays: tries everything that is in members' namespaces anew, as a server-side dry run, and prints
# what the policies would refuse. It changes nothing. Needs kubectl, with the right to create those things, and jq.
# A member chooses names: they go from jq to jq, and into no command, and nothing is printed that a terminal would obey.
set -eu
folder=$(dirname "$0")
kinds=deployments.apps,statefulsets.apps,daemonsets.apps,jobs.batch,cronjobs.batch,replicationcontrollers,pods
kinds=$kinds,services,ingresses.networking.k8s.io,roles.rbac.authorization.k8s.io,rolebindings.rbac.authorization.k8s.io

kubectl get "namespaces,$kinds" --all-namespaces --output json |
  jq --compact-output --from-file "$folder/as-new.jq" |
  while read -r line; do
    name=$(printf '%s' "$line" | jq .was)
    printf '%s' "$line" | jq .object | kubectl create --dry-run=server --filename - 2>&1 >/dev/null |
      jq --raw-input --raw-output -L "$folder" --argjson name "$name" 'include "printable"; "\($name): \(.)" | printable'
  done

# Pod Security looks at the pods that run.
kubectl label namespaces --selector 'poolc.org/owner,!pod-security.kubernetes.io/enforce' --dry-run=server \
  pod-security.kubernetes.io/enforce=baseline 2>&1 >/dev/null |
  jq --raw-input --raw-output -L "$folder" 'include "printable"; printable'
