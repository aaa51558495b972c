/** The credentials of one run, kept until each is delivered by itself. */
import type { Batch, NotDelivered, Parcel, SendOptions } from './delivery.ts';

export function keepParcels(
  send: (parcels: readonly Parcel[], options: SendOptions) => Promise<readonly NotDelivered[]>,
): Batch {
  const parcels: Parcel[] = [];
  return {
    add: (parcel) => {
      parcels.push(parcel);
    },
    // Whether the piece is in any of the secrets, for the redactor.
    holds: (piece) => parcels.some(({ credential }) => credential.secret.reveal().includes(piece)),
    send: (options) => send(parcels, options),
  };
}
