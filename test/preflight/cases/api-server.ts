/** kubernetes and clock. What a real API server doesn't do on cue is put into its answers on their way. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { Answer, RequestMatch } from '../../../dev/fault-proxy/index.ts';
import { commandsOf, type Desk, openWire, type Report, said } from '../desk.ts';

export function describeApiServer(deskOf: () => Desk): void {
  const preflightWith = async (match: RequestMatch, change: (answer: Answer) => Answer): Promise<Report> => {
    await using wire = await openWire(deskOf());
    wire.proxy.addFault(match, { kind: 'rewrite', change });
    // Awaited here: the way closes at the end of this block.
    return await deskOf().preflight([], { env: wire.env });
  };

  it('kubernetes fails where the API server is too old', async () => {
    const report = await preflightWith({ path: /^\/version$/ }, (answer) =>
      json(answer, { ...versionSchema.parse(bodyOf(answer)), minor: '29', gitVersion: 'v1.29.3' }),
    );
    expect(said(report, 'kubernetes')).toEqual({
      status: 'failed',
      text: 'failed: Kubernetes v1.29.3 is too old: 1.30 is needed. Upgrade the cluster',
    });
    expect(report.exitCode).toBe(1);
  });

  it.each([
    ['v1.32.9', 'warning', 'Kubernetes v1.32.9 is older than what this program is tested with (1.33 to 1.36): upgrade'],
    ['v1.37.0', 'ok', 'Kubernetes v1.37.0 is newer than what this program is tested with (1.33 to 1.36): after'],
    ['v1.33.4+k3s1', 'ok', 'Kubernetes v1.33.4+k3s1 is supported (1.33 to 1.36)'],
    ['main\n', 'unknown', "which version of Kubernetes runs, since it calls itself 'main\\u{a}': compare it yourself"],
  ])('versions judges Kubernetes %j: %s', async (gitVersion, status, text) => {
    const report = await preflightWith({ path: /^\/version$/ }, (answer) =>
      json(answer, { ...versionSchema.parse(bodyOf(answer)), gitVersion }),
    );
    expect(said(report, 'versions').status).toBe(status);
    expect(said(report, 'versions').text).toContain(`${status}: ${text}`);
  });

  it.each([
    [
      'fails',
      '/apis/coordination.k8s.io/v1',
      'leases',
      'failed: coordination.k8s.io/v1 leases is not served, which the run lock needs',
    ],
    [
      'fails',
      '/apis/admissionregistration.k8s.io/v1',
      'mutatingadmissionpolicies',
      "failed: admissionregistration.k8s.io/v1 mutatingadmissionpolicies is not served, which the members' policies where there is no Kyverno",
    ],
    ['warns', '/apis/events.k8s.io/v1', 'events', 'warning: events.k8s.io/v1 events is not served'],
  ])('kubernetes %s where %s has no %s', async (_, path, resource, text) => {
    const report = await preflightWith({ when: (request) => request.path === path }, (answer) => {
      const list = resourcesSchema.parse(bodyOf(answer));
      return json(answer, { ...list, resources: list.resources.filter(({ name }) => name !== resource) });
    });
    expect(said(report, 'kubernetes').text).toContain(text);
  });

  it.each([
    ['warns', 60_000, /^warning: the API server's clock is (59 s|1m|1m 1 s|61 s|60 s|1m1s).* ahead of this machine's/],
    ['fails', -3_600_000, /^failed: the API server's clock is .* behind this machine's: one of the two is wrong/],
  ])('clock %s where the two clocks are apart by %i ms', async (_, aheadMs, text) => {
    const report = await preflightWith({}, (answer) => ({
      ...answer,
      headers: { ...answer.headers, date: new Date(Date.now() + aheadMs).toUTCString() },
    }));
    expect(said(report, 'clock').text).toMatch(text);
    expect(commandsOf(report, 'clock')).toEqual(['sudo timedatectl set-ntp true']);
  });
}

const versionSchema = z.looseObject({ major: z.string() });
const resourcesSchema = z.looseObject({ resources: z.array(z.looseObject({ name: z.string() })) });

const bodyOf = ({ body }: Answer): unknown => JSON.parse(body.toString());
const json = (answer: Answer, body: unknown): Answer => ({ ...answer, body: Buffer.from(JSON.stringify(body)) });
