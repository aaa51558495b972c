/** What the overlay of production says that a chart's user may say otherwise: the defaults of the values. */
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const configMapSchema = z.object({
  kind: z.literal('ConfigMap'),
  data: z.object({ POOLC_API_ENDPOINT: z.string(), TARGET_NAMESPACE: z.string() }).catchall(z.string()),
});
const cronJobSchema = z.object({
  kind: z.literal('CronJob'),
  metadata: z.object({ namespace: z.string() }),
  spec: z.object({
    schedule: z.string(),
    timeZone: z.string(),
    jobTemplate: z.object({
      spec: z.object({
        template: z.object({
          spec: z.object({
            containers: z.tuple([
              z.object({
                image: z.string(),
                imagePullPolicy: z.string(),
                resources: z.record(z.string(), z.record(z.string(), z.string())),
              }),
            ]),
          }),
        }),
      }),
    }),
  }),
});

export interface Deployment {
  readonly endpoint: string;
  readonly systemNamespace: string;
  readonly membersNamespace: string;
  readonly schedule: string;
  readonly timeZone: string;
  /** By variable: without the endpoint and the members' namespace, which have values of their own. */
  readonly settings: Readonly<Record<string, string>>;
  readonly image: {
    readonly repository: string;
    readonly tag: string;
    readonly digest: string;
    readonly pullPolicy: string;
  };
  readonly resources: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** @param manifest what kustomize renders of the overlay of production */
export function readDeployment(manifest: string): Deployment {
  const objects: unknown[] = parseAllDocuments(manifest).map((document) => document.toJS());
  const only = <T>(schema: z.ZodType<T>): T => {
    const found = objects.flatMap((object) => schema.safeParse(object).data ?? []);
    const [first, ...more] = found;
    if (first === undefined || more.length > 0)
      throw new Error(`The overlay of production has ${found.length} objects where one is expected`);
    return first;
  };
  const { POOLC_API_ENDPOINT: endpoint, TARGET_NAMESPACE: membersNamespace, ...settings } = only(configMapSchema).data;
  const { metadata, spec } = only(cronJobSchema);
  const [{ image, imagePullPolicy, resources }] = spec.jobTemplate.spec.template.spec.containers;
  const [, repository = '', tag = '', digest = ''] =
    /^([^@]+?)(?::([^@:/]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(image) ?? [];
  return {
    endpoint,
    systemNamespace: metadata.namespace,
    membersNamespace,
    schedule: spec.schedule,
    timeZone: spec.timeZone,
    settings,
    image: { repository, tag, digest, pullPolicy: imagePullPolicy },
    resources,
  };
}
