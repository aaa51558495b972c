#!/bin/sh
# Gives each member's namespace what comes with it: the owner's RoleBinding, the quota, the limits, the NetworkPolicy.
# Kyverno does this at once; without it an operator runs this after members have made namespaces, or a timer does.
# A namespace that has its RoleBinding is left as it is, so it can be run at any time. Needs kubectl and its rights.
set -eu
contents=$(dirname "$0")/../namespace-contents

kubectl get namespaces --selector poolc.org/owner \
  --output 'jsonpath={range .items[*]}{.metadata.name}{" "}{.metadata.labels.poolc\.org/owner}{"\n"}{end}' |
  while read -r namespace owner; do
    if kubectl get rolebinding namespace-owner --namespace "$namespace" >/dev/null 2>&1; then
      continue
    fi
    for file in quota limits network owner; do
      sed "s/\$(OWNER)/$owner/" "$contents/$file.yaml"
      echo ---
    done | kubectl apply --namespace "$namespace" --filename -
  done
