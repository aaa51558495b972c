import { expect, it } from 'vitest';
import { asNew, existingObjectSchema } from './as-new.ts';

const metadata = {
  name: '$(reboot)\n',
  namespace: 'lab',
  uid: 'uid',
  labels: { app: 'web' },
  annotations: { note: 'mine', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
};
const newMetadata = {
  generateName: 'would-refuse-',
  namespace: 'lab',
  labels: { app: 'web' },
  annotations: { note: 'mine' },
};

it('leaves out what the API server gave to a Service, and its name', () => {
  const service = existingObjectSchema.parse({
    metadata,
    spec: {
      clusterIP: '10.0.0.1',
      clusterIPs: ['10.0.0.1'],
      type: 'NodePort',
      ports: [{ port: 80, nodePort: 30_080 }],
    },
    status: { loadBalancer: {} },
  });
  expect(asNew(service, 'Service')).toEqual({
    metadata: newMetadata,
    spec: { type: 'NodePort', ports: [{ port: 80 }] },
  });
});

it("leaves out a Job's own selector and labels", () => {
  const job = existingObjectSchema.parse({
    metadata,
    spec: { selector: { matchLabels: { uid: '1' } }, template: { metadata: { labels: { uid: '1' } }, spec: {} } },
  });
  expect(asNew(job, 'Job')).toEqual({ metadata: newMetadata, spec: { template: { metadata: {}, spec: {} } } });
});

it('keeps what a RoleBinding gives', () => {
  const given = { roleRef: { kind: 'ClusterRole', name: 'admin' }, subjects: [{ kind: 'User', name: 'kim' }] };
  expect(asNew(existingObjectSchema.parse({ metadata, ...given }), 'RoleBinding')).toEqual({
    metadata: newMetadata,
    ...given,
  });
});
