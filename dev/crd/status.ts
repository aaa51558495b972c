/** The schema of status, which the controller alone writes: counts and times, no secret, and no entry per member. */

const time = (description: string) => ({ type: 'string', format: 'date-time', description });
const count = (description: string) => ({ type: 'integer', format: 'int64', description });

const condition = {
  type: 'object',
  required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
  properties: {
    type: { type: 'string', maxLength: 316, description: 'what it is about' },
    status: { type: 'string', enum: ['True', 'False', 'Unknown'], description: 'whether it is so' },
    observedGeneration: { ...count('the metadata.generation that it was found for'), minimum: 0 },
    lastTransitionTime: time('when status last changed'),
    reason: { type: 'string', maxLength: 1_024, minLength: 1, description: 'why, for machines' },
    message: { type: 'string', maxLength: 32_768, description: 'why, for people, and what to do' },
  },
};

const run = {
  type: 'object',
  required: ['time', 'outcome'],
  properties: {
    time: time('when it ended'),
    outcome: {
      type: 'string',
      enum: ['Changed', 'Failed', 'Refused', 'Partial'],
      description: 'what came of it',
    },
    message: { type: 'string', maxLength: 1_024, description: 'what failed, and what to do' },
    created: count('accounts made'),
    removed: count('accounts removed'),
    delivered: count('credentials delivered'),
    failed: count('members without a fresh credential'),
  },
};

export const statusSchema = {
  type: 'object',
  description: 'what the controller found; written by it alone',
  properties: {
    observedGeneration: { ...count('the metadata.generation that this status is about'), minimum: 0 },
    conditions: {
      type: 'array',
      description: 'Ready, DirectoryTrusted, Delivered, RenewalMarginSufficient, Suspended',
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: condition,
    },
    members: count('members of the directory when it was last trusted'),
    accounts: count('accounts that this MemberSync owns'),
    lastSyncTime: time('when the directory was last read and followed'),
    lastDeliveryTime: time('when credentials were last delivered'),
    nextSyncTime: time('when the directory is read next'),
    earliestExpiration: time('when the first of the delivered tokens expires'),
    refused: {
      type: 'object',
      description: 'what the guard refuses at the moment',
      properties: { removals: count('accounts to remove'), additions: count('accounts to make') },
    },
    lastHandledSyncNow: {
      type: 'string',
      maxLength: 256,
      description: 'the value of the annotation sync-now that was last followed',
    },
    runs: {
      type: 'array',
      maxItems: 10,
      description: 'the last runs that changed or failed something, the newest first',
      items: run,
    },
  },
};
