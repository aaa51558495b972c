/** A cluster's public description: what a member's kubectl needs to know of it before it has any credential. */
import { z } from 'zod';

export const clusterInfoSchema = z.strictObject({
  /** The name of the cluster in kubeconfigs. */
  name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and hyphens only'),
  /** The API server's address as members see it. */
  server: z
    .url({ protocol: /^https$/, error: 'an https URL' })
    .regex(/^[A-Za-z0-9.:/_[\]-]+$/, 'an https URL without a character that a shell would take for its own'),
  /** The CA's certificates, PEM. */
  certificateAuthority: z
    .string()
    .regex(/^-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*$/, 'certificates in PEM'),
  /** What the operators say to a member who can't reach the cluster. */
  whenUnreachable: z.string().min(1).max(300).optional(),
});

export type ClusterInfo = z.infer<typeof clusterInfoSchema>;
