/** An object of a member's namespace as if it were created now, under a name of our own. Pure. */
import * as z from 'zod';

const strings = z.record(z.string(), z.string()).nullish();

/** Only what is looked at; everything else of an object stays as it came. */
export const existingObjectSchema = z.looseObject({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    labels: strings,
    annotations: strings,
    ownerReferences: z.array(z.unknown()).nullish(),
  }),
  spec: z
    .looseObject({
      ports: z.array(z.looseObject({})).nullish(),
      template: z.looseObject({ metadata: z.looseObject({}).nullish() }).nullish(),
    })
    .nullish(),
});
export type ExistingObject = z.infer<typeof existingObjectSchema>;

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Without its name, its status, and what the API server or a controller has given out and won't twice. */
export function asNew(object: ExistingObject, kind: string): unknown {
  const { metadata, spec, status: _status, ...rest } = object;
  const { [lastApplied]: _applied, ...annotations } = metadata.annotations ?? {};
  return {
    ...rest,
    metadata: {
      generateName: 'would-refuse-',
      namespace: metadata.namespace,
      labels: metadata.labels ?? {},
      annotations,
    },
    ...(spec ? { spec: kind === 'Job' ? withoutOwnLabels(newSpec(spec)) : newSpec(spec) } : {}),
  };
}

type Spec = NonNullable<ExistingObject['spec']>;

function newSpec(spec: Spec): Spec {
  const {
    clusterIP: _clusterIP,
    clusterIPs: _clusterIPs,
    healthCheckNodePort: _healthCheckNodePort,
    nodeName: _nodeName,
    ...rest
  } = spec;
  if (!rest.ports) return rest;
  return { ...rest, ports: rest.ports.map(({ nodePort: _nodePort, ...port }) => port) };
}

/** A Job's controller gives each one a selector and labels of its own. */
function withoutOwnLabels({ selector: _selector, ...spec }: Spec): Spec {
  if (!spec.template?.metadata) return spec;
  const { labels: _labels, ...metadata } = spec.template.metadata;
  return { ...spec, template: { ...spec.template, metadata } };
}
