/** The kinds that the checks read, each with only what is looked at. */
import * as z from 'zod';
import type { Binding, Role } from './rbac.ts';

/** A collection of the API. */
export interface Kind<T> {
  readonly path: string;
  readonly what: string;
  readonly item: z.ZodType<T>;
  readonly query?: Readonly<Record<string, string>>;
  /** Asks for names, labels and annotations alone: of Secrets, nothing else is to leave the cluster. */
  readonly metadataOnly?: boolean;
}

const strings = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const stringMap = z
  .record(z.string(), z.string())
  .nullish()
  .transform((map) => map ?? {});

export const metadataSchema = z.object({
  name: z.string(),
  uid: z.string(),
  namespace: z.string().optional(),
  labels: stringMap,
  annotations: stringMap,
  deletionTimestamp: z.string().optional(),
});

export const namespaceSchema = z.object({ metadata: metadataSchema });
export type Namespace = z.infer<typeof namespaceSchema>;

export const namespaceKind: Kind<Namespace> = {
  path: '/api/v1/namespaces',
  what: 'Namespaces',
  item: namespaceSchema,
};

const rbacPath = '/apis/rbac.authorization.k8s.io/v1';

const roleSchema = z
  .object({
    metadata: metadataSchema,
    rules: z
      .array(
        z.object({
          verbs: strings,
          apiGroups: strings,
          resources: strings,
          resourceNames: strings,
          nonResourceURLs: strings,
        }),
      )
      .nullish(),
  })
  .transform(
    ({ metadata, rules }): Role => ({
      name: metadata.name,
      namespace: metadata.namespace,
      rules: rules ?? [],
    }),
  );

const bindingSchema = z
  .object({
    metadata: metadataSchema,
    roleRef: z.object({ kind: z.string(), name: z.string() }),
    subjects: z.array(z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() })).nullish(),
  })
  .transform(
    ({ metadata, roleRef, subjects }): Binding => ({
      name: metadata.name,
      namespace: metadata.namespace,
      roleRef,
      subjects: subjects ?? [],
      builtIn: metadata.labels['kubernetes.io/bootstrapping'] === 'rbac-defaults',
    }),
  );

export const roleKind: Kind<Role> = { path: `${rbacPath}/roles`, what: 'Roles', item: roleSchema };
export const clusterRoleKind: Kind<Role> = { path: `${rbacPath}/clusterroles`, what: 'ClusterRoles', item: roleSchema };
export const roleBindingKind: Kind<Binding> = {
  path: `${rbacPath}/rolebindings`,
  what: 'RoleBindings',
  item: bindingSchema,
};
export const clusterRoleBindingKind: Kind<Binding> = {
  path: `${rbacPath}/clusterrolebindings`,
  what: 'ClusterRoleBindings',
  item: bindingSchema,
};

const cronJobSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    schedule: z.string(),
    timeZone: z.string().nullish(),
    suspend: z.boolean().nullish(),
    jobTemplate: z.object({
      spec: z.object({
        template: z.object({
          spec: z.object({
            serviceAccountName: z.string().nullish(),
            containers: z.array(
              z.object({
                name: z.string(),
                env: z
                  .array(
                    z.object({
                      name: z.string(),
                      value: z.string().nullish(),
                      valueFrom: z
                        .object({ configMapKeyRef: z.object({ name: z.string(), key: z.string() }).optional() })
                        .nullish(),
                    }),
                  )
                  .nullish(),
                envFrom: z
                  .array(
                    z.object({
                      prefix: z.string().nullish(),
                      configMapRef: z.object({ name: z.string() }).nullish(),
                    }),
                  )
                  .nullish(),
                volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).nullish(),
              }),
            ),
            volumes: z
              .array(
                z.object({
                  name: z.string(),
                  secret: z.object({ secretName: z.string().nullish() }).nullish(),
                }),
              )
              .nullish(),
          }),
        }),
      }),
    }),
  }),
});
export type CronJob = z.infer<typeof cronJobSchema>;

export const cronJobKind = (namespace: string): Kind<CronJob> => ({
  path: `/apis/batch/v1/namespaces/${encodeURIComponent(namespace)}/cronjobs`,
  what: `CronJobs in ${namespace}`,
  item: cronJobSchema,
});

export const namespacedObjectSchema = z.object({ metadata: metadataSchema });
export type ObjectMetadata = z.infer<typeof namespacedObjectSchema>;

/** Secrets that hold a ServiceAccount's token which never expires. Their content isn't asked for. */
export const tokenSecretKind = (namespace?: string): Kind<ObjectMetadata> => ({
  path: namespace === undefined ? '/api/v1/secrets' : `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`,
  what: namespace === undefined ? 'token Secrets' : `token Secrets in ${namespace}`,
  item: namespacedObjectSchema,
  query: { fieldSelector: 'type=kubernetes.io/service-account-token' },
  metadataOnly: true,
});

const webhookSchema = z.object({
  name: z.string(),
  failurePolicy: z.string().default('Fail'),
  clientConfig: z.object({ service: z.object({ namespace: z.string(), name: z.string() }).nullish() }),
  rules: z
    .array(z.object({ apiGroups: strings, resources: strings, operations: strings }))
    .nullish()
    .transform((rules) => rules ?? []),
  namespaceSelector: z
    .object({
      matchExpressions: z.array(z.object({ key: z.string(), operator: z.string(), values: strings })).nullish(),
    })
    .nullish(),
});
export type Webhook = z.infer<typeof webhookSchema>;
const webhookConfigurationSchema = z.object({
  metadata: metadataSchema,
  webhooks: z
    .array(webhookSchema)
    .nullish()
    .transform((webhooks) => webhooks ?? []),
});
export type WebhookConfiguration = z.infer<typeof webhookConfigurationSchema>;

const admissionPath = '/apis/admissionregistration.k8s.io/v1';
export const webhookConfigurationKinds: readonly Kind<WebhookConfiguration>[] = [
  {
    path: `${admissionPath}/validatingwebhookconfigurations`,
    what: 'ValidatingWebhookConfigurations',
    item: webhookConfigurationSchema,
  },
  {
    path: `${admissionPath}/mutatingwebhookconfigurations`,
    what: 'MutatingWebhookConfigurations',
    item: webhookConfigurationSchema,
  },
];
