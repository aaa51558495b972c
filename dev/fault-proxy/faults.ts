/** What can go wrong with one HTTP exchange, and the rules that say to which exchange it happens. */

/** An answer as it passes through. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** A request as it arrived, whole. */
export interface SeenRequest {
  /** 1 for the first request that the proxy ever saw. */
  readonly number: number;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: Buffer;
}

export type Fault =
  /** The connection is reset, and for a while nothing listens: new connections are refused. Upstream never sees the request. */
  | { readonly kind: 'refuse'; readonly forMs: number }
  /** The connection is reset before upstream sees the request. */
  | { readonly kind: 'reset' }
  /** Upstream sees the request this much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The answer of something in between; upstream never sees the request. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string; readonly body?: string }
  /** 200 and a page of HTML, as a login portal or a parked domain answers; upstream never sees the request. */
  | { readonly kind: 'wrong-content-type' }
  /** Upstream does its work; half of the answer arrives, then the connection is reset. */
  | { readonly kind: 'truncate' }
  /** Upstream does its work; the answer arrives in pieces over this time. */
  | { readonly kind: 'drip'; readonly overMs: number }
  /** Upstream does its work and answers; instead of the answer the connection is reset. */
  | { readonly kind: 'commit-then-drop' }
  /** Upstream does its work; the answer is changed on its way. */
  | { readonly kind: 'rewrite'; readonly change: (answer: Answer, request: SeenRequest) => Answer }
  /** Anyone who asked waits until the promise settles; with `answered`, upstream has done its work by then. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown>; readonly answered: boolean };

/** Which requests. Everything that is given must be so. */
export interface RequestMatch {
  readonly method?: string;
  /** Tried on the path with its query. */
  readonly path?: RegExp;
  readonly when?: (request: SeenRequest) => boolean;
  /** Only the nth of the requests that match otherwise, counted from 1 since the rule was made. Default: each of them. */
  readonly nth?: number;
}

/** A rule at work. */
export interface FaultRule extends Disposable {
  /** How often the fault happened. */
  readonly hits: number;
  /** Resolves with the first request it happened to. */
  readonly hit: Promise<SeenRequest>;
  /** The rule ends. */
  remove(): void;
}

/** Rules in force; the first one that matches a request decides. */
export class FaultRules {
  readonly #rules = new Set<(request: SeenRequest) => Fault | undefined>();

  add(match: RequestMatch, fault: Fault): FaultRule {
    const first = Promise.withResolvers<SeenRequest>();
    let matched = 0;
    let hits = 0;
    const rule = (request: SeenRequest): Fault | undefined => {
      if (!matches(request, match)) return undefined;
      matched += 1;
      if (match.nth !== undefined && matched !== match.nth) return undefined;
      hits += 1;
      first.resolve(request);
      return fault;
    };
    this.#rules.add(rule);
    const remove = (): void => void this.#rules.delete(rule);
    return {
      get hits() {
        return hits;
      },
      hit: first.promise,
      remove,
      [Symbol.dispose]: remove,
    };
  }

  clear(): void {
    this.#rules.clear();
  }

  faultFor(request: SeenRequest): Fault | undefined {
    for (const rule of this.#rules) {
      const fault = rule(request);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
}

function matches(request: SeenRequest, { method, path, when }: RequestMatch): boolean {
  return (
    (method === undefined || request.method === method) &&
    (path === undefined || path.test(request.path)) &&
    (when === undefined || when(request))
  );
}
