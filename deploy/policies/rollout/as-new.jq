# Input: a List of Namespaces and of what is in them. Output, for each object in a member's namespace that nothing else
# made: what it was, and the object as if it were created now.

([.items[] | select(.kind == "Namespace" and .metadata.labels["poolc.org/owner"]) | .metadata.name]) as $owned
| .items[]
| select(.kind != "Namespace" and (.metadata.namespace | IN($owned[])) and (.metadata.ownerReferences | not))
| select(.kind != "RoleBinding" or .metadata.name != "namespace-owner")
| {
    was: "\(.metadata.namespace) \(.kind)/\(.metadata.name)",
    object: (
      .metadata |= {
        generateName: (.name[0:40] + "-"), namespace, labels,
        annotations: ((.annotations // {}) | del(.["kubectl.kubernetes.io/last-applied-configuration"]))
      }
      | del(.status)
      # What the API server or a controller has given out, and won't twice.
      | del(.spec.clusterIP, .spec.clusterIPs, .spec.ports[]?.nodePort, .spec.healthCheckNodePort, .spec.nodeName)
      | if .kind == "Job" then del(.spec.selector, .spec.template.metadata.labels) else . end
    )
  }
