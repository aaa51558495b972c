/** What `kubectl get msync` shows; the columns of priority 1 with -o wide alone. */
export const printerColumns = [
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Members', type: 'integer', jsonPath: '.status.members' },
  { name: 'Last Sync', type: 'date', jsonPath: '.status.lastSyncTime' },
  // In the future, where a date would be shown as <invalid>.
  { name: 'Next', type: 'string', jsonPath: '.status.nextSyncTime' },
  { name: 'Earliest Expiry', type: 'string', jsonPath: '.status.earliestExpiration' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  { name: 'Accounts', type: 'integer', jsonPath: '.status.accounts', priority: 1 },
  { name: 'Namespace', type: 'string', jsonPath: '.spec.accounts.namespace', priority: 1 },
  {
    name: 'Reason',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    priority: 1,
  },
  {
    name: 'Message',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].message',
    priority: 1,
  },
];
