/** The credentials of one run, kept until each is delivered by itself. */
import type { Parcel } from './delivery.ts';

export class KeptParcels {
  readonly #parcels: Parcel[] = [];

  add(parcel: Parcel): void {
    this.#parcels.push(parcel);
  }

  get all(): readonly Parcel[] {
    return this.#parcels;
  }

  /** Whether the piece is in any of the secrets, for the redactor. */
  holds(piece: string): boolean {
    return this.#parcels.some(({ credential }) => credential.secret.reveal().includes(piece));
  }
}
