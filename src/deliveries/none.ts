/** Accounts only: credentials come to members another way, by a gateway or by hand. */
import type { Delivery } from './delivery.ts';

export const noDelivery: Delivery = {
  kind: 'none',
  address: 'nowhere',
  replaces: 'each',
  takesCredentials: false,
  begin: () => ({ holds: () => false, add: () => undefined, send: async () => [] }),
};
