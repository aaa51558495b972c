/** What a gateway counts, in the text format of Prometheus. */
import type { GatewayMetrics } from './context.ts';

const help = {
  renewals: 'Tokens that devices renewed, and refusals, by outcome.',
  enrolments: 'Devices that were enrolled, and attempts, by outcome.',
  logins: 'Logins on the page, by outcome.',
  removals: 'Devices that members removed, by where.',
  kubeconfigs: 'Kubeconfigs with a short token that members took from the page, by outcome.',
} as const;

export interface CountingMetrics extends GatewayMetrics {
  /** @param gauges further values, by name: `certificate_expires_seconds` */
  text(gauges: Readonly<Record<string, { readonly help: string; readonly value: number }>>): string;
}

export function openMetrics(): CountingMetrics {
  const counts = new Map<keyof typeof help, Map<string, number>>();
  return {
    count: (what, outcome) => {
      const outcomes = counts.get(what) ?? new Map<string, number>();
      counts.set(what, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1));
    },
    text: (gauges) => {
      const lines = Object.entries(help).flatMap(([what, words]) => {
        const name = `credentials_updater_gateway_${what}_total`;
        const outcomes = [...counts].find(([counted]) => counted === what)?.[1] ?? new Map<string, number>();
        return [
          `# HELP ${name} ${words}`,
          `# TYPE ${name} counter`,
          ...[...outcomes].map(([outcome, value]) => `${name}{outcome="${outcome}"} ${value}`),
        ];
      });
      for (const [gauge, { help: words, value }] of Object.entries(gauges)) {
        const name = `credentials_updater_gateway_${gauge}`;
        lines.push(`# HELP ${name} ${words}`, `# TYPE ${name} gauge`, `${name} ${value}`);
      }
      return `${lines.join('\n')}\n`;
    },
  };
}
