/** updater-rights, member-role, minters and certificate-approvers. */
import { expect, it, onTestFinished } from 'vitest';
import { removeNamespace } from '../../namespace-removal.ts';
import { type Desk, type Expected, expectFoundAndMended, problems, said } from '../desk.ts';

const updater = '--serviceaccount=poolc-system:credentials-updater';
const members = '--group=system:serviceaccounts:poolc-users';

export function describeRights(deskOf: () => Desk): void {
  describeUpdaterRights(deskOf);
  describeMemberRole(deskOf);
  describeMinters(deskOf);
  describeCertificateApprovers(deskOf);
}

/** Binds a ClusterRole that starts pods; it goes when the test ends. */
async function givePods({ kubectl }: Desk, where: readonly string[], subject: string): Promise<void> {
  await kubectl('create', 'clusterrole', 'pods', '--verb=create', '--resource=pods');
  onTestFinished(async () => void (await kubectl('delete', 'clusterrole', 'pods')));
  await kubectl(...where, 'create', 'rolebinding', 'for-pods', '--clusterrole=pods', subject);
}

/** Takes a rule out of a Role, or puts one in at its end. */
const changeRules = ({ kubectl }: Desk, role: readonly string[], change: object) =>
  kubectl('patch', ...role, '--type=json', '-p', JSON.stringify([change]));

function describeUpdaterRights(deskOf: () => Desk): void {
  const finds = { 'updater-rights': 'failed' } as const;

  it.each<[string, (desk: Desk) => Promise<unknown>, RegExp, Expected['finds']?]>([
    [
      'a right is missing',
      (desk) =>
        changeRules(desk, ['-n', 'poolc-users', 'role/credentials-updater'], { op: 'remove', path: '/rules/2' }),
      /the updater may not create serviceaccounts\/token in poolc-users/,
    ],
    [
      'its RoleBinding is gone',
      ({ kubectl }) => kubectl('-n', 'poolc-system', 'delete', 'rolebinding/credentials-updater'),
      /the updater may not create leases\.coordination\.k8s\.io; .* in poolc-system/,
    ],
    [
      'its ServiceAccount is gone',
      ({ kubectl }) => kubectl('-n', 'poolc-system', 'delete', 'serviceaccount/credentials-updater'),
      /the ServiceAccount credentials-updater in poolc-system does not exist/,
      // With nobody to ask for, no token's lifetime can be asked for.
      { 'token-lifetime': 'unknown', schedule: 'unknown' },
    ],
    [
      'its own Role has grown',
      (desk) =>
        changeRules(desk, ['-n', 'poolc-system', 'role/credentials-updater'], {
          op: 'add',
          path: '/rules/-',
          value: { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] },
        }),
      /needs no right to get, list secrets in poolc-system \(RoleBinding credentials-updater in poolc-system → Role credentials-updater\): with that it reads Secrets/,
    ],
  ])('updater-rights fails where %s', async (_, disturb, says, follows = {}) => {
    await disturb(deskOf());
    await expectFoundAndMended(deskOf(), { finds: { ...finds, ...follows }, says });
  });

  it.each([
    ['create', 'serviceaccounts/token', /create serviceaccounts\/token cluster-wide .*: with that it mints tokens/],
    ['get', 'secrets', /get secrets cluster-wide .*: with that it reads Secrets/],
    ['impersonate', 'users', /impersonate users cluster-wide .*: with that it impersonates others/],
  ])('updater-rights fails where it may %s %s cluster-wide', async (verb, resource, says) => {
    const { kubectl } = deskOf();
    await kubectl('create', 'clusterrole', 'too-much', `--verb=${verb}`, `--resource=${resource}`);
    onTestFinished(async () => void (await kubectl('delete', 'clusterrole', 'too-much')));
    await kubectl('create', 'clusterrolebinding', 'too-much', '--clusterrole=too-much', updater);
    await expectFoundAndMended(deskOf(), { finds, says });
  });

  it('updater-rights warns of a right that it does not need, though nothing follows from it', async () => {
    const { kubectl } = deskOf();
    await kubectl('-n', 'poolc-users', 'create', 'role', 'more', '--verb=watch', '--resource=configmaps');
    await kubectl('-n', 'poolc-users', 'create', 'rolebinding', 'more', '--role=more', updater);
    await expectFoundAndMended(deskOf(), {
      finds: { 'updater-rights': 'warning' },
      says: /needs no right to watch configmaps in poolc-users \(RoleBinding more in poolc-users → Role more\)$/,
    });
  });
}

function describeMemberRole(deskOf: () => Desk): void {
  it.each<[string, object, Expected]>([
    [
      'lets members read every Secret',
      { op: 'add', path: '/rules/-', value: { apiGroups: [''], resources: ['secrets'], verbs: ['list'] } },
      {
        finds: { 'member-role': 'failed' },
        says: /every member may list secrets cluster-wide, by Group system:serviceaccounts:poolc-users → ClusterRoleBinding poolc-member → ClusterRole poolc-member: anyone who has that reads Secrets/,
      },
    ],
    [
      'is a wildcard',
      { op: 'add', path: '/rules/-', value: { apiGroups: ['*'], resources: ['*'], verbs: ['*'] } },
      { finds: { 'member-role': 'failed' }, says: /every member may do everything cluster-wide/ },
    ],
    [
      'lacks what they need',
      { op: 'remove', path: '/rules/0' },
      {
        finds: { 'member-role': 'failed' },
        says: /members may not get, list, watch, create namespaces: the ClusterRoles of the group/,
      },
    ],
    [
      'has more than they need',
      { op: 'add', path: '/rules/-', value: { apiGroups: [''], resources: ['events'], verbs: ['list'] } },
      { finds: { 'member-role': 'warning' }, says: /every member may list events cluster-wide/ },
    ],
  ])('member-role finds a role that %s', async (_, change, expected) => {
    await changeRules(deskOf(), ['clusterrole/poolc-member'], change);
    await expectFoundAndMended(deskOf(), expected);
  });

  it.each([
    ['kube-system', { 'member-role': 'failed', 'trusted-namespaces': 'failed' }],
    ['default', { 'member-role': 'warning', 'trusted-namespaces': 'failed' }],
    ['somewhere', { 'member-role': 'warning' }],
  ] as const)('member-role finds what all members are given in %s: %j', async (namespace, finds) => {
    if (namespace === 'somewhere') {
      await deskOf().kubectl('create', 'namespace', namespace);
      onTestFinished(() => removeNamespace(deskOf().cluster, namespace));
    }
    await givePods(deskOf(), ['-n', namespace], members);
    await expectFoundAndMended(deskOf(), {
      finds,
      says: new RegExp(
        `every member may .* in ${namespace}, by .* → RoleBinding for-pods in ${namespace} → ClusterRole pods`,
      ),
    });
  });

  it('member-role warns of one member who has power, and leaves the others in that binding', async () => {
    const { kubectl } = deskOf();
    const both = ['--serviceaccount=poolc-users:alice', '--user=professor'];
    await kubectl('create', 'clusterrolebinding', 'admins', '--clusterrole=cluster-admin', ...both);
    const report = await deskOf().preflight();
    expect(said(report, 'member-role').text).toMatch(
      /the member of ServiceAccount poolc-users\/alice may do everything cluster-wide, by ClusterRoleBinding admins/,
    );
    const ofProfessor = { minters: 'warning', 'certificate-approvers': 'warning' };
    expect(problems(report)).toEqual({ 'member-role': 'warning', ...ofProfessor });
    const [ofAlice] = report.checks.flatMap(({ check, findings }) => (check === 'member-role' ? findings : []));
    await deskOf().shell(ofAlice?.fixes[0]?.command ?? '');
    expect(problems(await deskOf().preflight())).toEqual(ofProfessor);
    expect(await kubectl('get', 'clusterrolebinding', 'admins', '-o', 'jsonpath={.subjects[*].name}')).toBe(
      'professor',
    );
    await kubectl('delete', 'clusterrolebinding', 'admins');
  });
}

function describeMinters(deskOf: () => Desk): void {
  it.each([
    [
      'mint',
      'serviceaccounts/token',
      'create',
      /it mints tokens, by RoleBinding helpers in poolc-users → Role helpers/,
    ],
    ['make token Secrets', 'secrets', 'create', /it makes Secrets, so a token for any ServiceAccount/],
    ['start pods under their accounts', 'pods', 'create', /it starts pods under any ServiceAccount/],
  ])('minters warns of anyone who can %s in the namespace of the members', async (_, resource, verb, says) => {
    const { kubectl } = deskOf();
    const there = ['-n', 'poolc-users', 'create'];
    await kubectl(...there, 'role', 'helpers', `--verb=${verb}`, `--resource=${resource}`);
    onTestFinished(async () => {
      // A binding without anybody in it is left.
      await kubectl('-n', 'poolc-users', 'delete', 'role/helpers', 'rolebinding/helpers');
    });
    await kubectl(...there, 'rolebinding', 'helpers', '--role=helpers', '--user=help desk', '--user=$(reboot)');
    await expectFoundAndMended(deskOf(), { finds: { minters: 'warning' }, says });
  });

  it('minters warns of anyone who can impersonate anybody', async () => {
    const { kubectl } = deskOf();
    await kubectl('create', 'clusterrole', 'sudo', '--verb=impersonate', '--resource=users,groups');
    onTestFinished(async () => void (await kubectl('delete', 'clusterrole', 'sudo')));
    await kubectl('create', 'clusterrolebinding', 'sudo', '--clusterrole=sudo', '--group=wheel');
    await expectFoundAndMended(deskOf(), {
      finds: { minters: 'warning' },
      says: /Group wheel can act as any member: it impersonates others, by ClusterRoleBinding sudo → ClusterRole sudo/,
    });
  });

  it('minters names what a gateway may do that its policies do not bound, and leaves out what they do', async () => {
    const { kubectl, shell, preflight } = deskOf();
    await shell('kubectl apply -f deploy/gateway/rbac.yaml -f deploy/gateway/policy.yaml');
    onTestFinished(async () => {
      await shell('kubectl delete -f deploy/gateway/rbac.yaml -f deploy/gateway/policy.yaml');
    });
    const gateway = '--serviceaccount=poolc-system:credentials-updater-gateway';
    expect(problems(await preflight())).toEqual({});

    const create = (...args: readonly string[]) => kubectl('-n', 'poolc-users', 'create', ...args);
    await create('role', 'gateway-more', '--verb=create', '--resource=secrets,pods');
    await create('rolebinding', 'gateway-more', '--role=gateway-more', gateway);
    await create('clusterrole', 'everywhere', '--verb=create', '--resource=serviceaccounts/token');
    await create('clusterrolebinding', 'everywhere', '--clusterrole=everywhere', gateway);
    const [roles, bindings] = [
      'role/gateway-more clusterrole/everywhere',
      'rolebinding/gateway-more clusterrolebinding/everywhere',
    ];
    onTestFinished(async () => {
      await shell(`kubectl -n poolc-users delete ${roles} ${bindings} --ignore-not-found`);
    });
    const report = await preflight();
    expect(said(report, 'minters').text.split('\n')).toEqual([
      expect.stringMatching(
        /^warning: ServiceAccount poolc-system\/credentials-updater-gateway can act as any member: it starts pods under any ServiceAccount, by RoleBinding gateway-more/,
      ),
      expect.stringMatching(
        /^warning: .*-gateway can act as any member: it mints tokens, by ClusterRoleBinding everywhere/,
      ),
    ]);
    expect(problems(report)).toEqual({ minters: 'warning' });
  });

  it("minters fails where it is an account in a member's namespace", async () => {
    const { kubectl } = deskOf();
    await kubectl('create', 'namespace', 'alice-lab');
    await kubectl('label', 'namespace', 'alice-lab', 'poolc.org/owner=alice');
    onTestFinished(() => removeNamespace(deskOf().cluster, 'alice-lab'));
    await givePods(deskOf(), ['-n', 'poolc-users'], '--serviceaccount=alice-lab:robot');
    await expectFoundAndMended(deskOf(), {
      finds: { minters: 'failed' },
      says: /ServiceAccount alice-lab\/robot can act as any member: .* Its namespace is a member's/,
    });
  });
}

function describeCertificateApprovers(deskOf: () => Desk): void {
  it('certificate-approvers warns of anyone who may approve and use the signer, by two bindings too, and of nobody who may do one', async () => {
    const { kubectl, cluster } = deskOf();
    const roles = {
      approval: { resources: ['certificatesigningrequests/approval'], verbs: ['update'] },
      signer: { resources: ['signers'], resourceNames: ['kubernetes.io/kube-apiserver-client'], verbs: ['approve'] },
    };
    for (const [name, rule] of Object.entries(roles))
      await cluster.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
        metadata: { name },
        rules: [{ apiGroups: ['certificates.k8s.io'], ...rule }],
      });
    onTestFinished(async () => {
      await kubectl('delete', 'clusterrole', 'approval', 'signer');
      await kubectl('delete', 'clusterrolebinding', 'signer', 'half');
    });
    await kubectl('create', 'clusterrolebinding', 'half', '--clusterrole=approval', '--user=half');
    await kubectl('create', 'clusterrolebinding', 'signer', '--clusterrole=signer', '--user=registrar');
    expect(problems(await deskOf().preflight())).toEqual({});
    await kubectl('create', 'clusterrolebinding', 'approval', '--clusterrole=approval', '--user=registrar');
    await expectFoundAndMended(deskOf(), {
      finds: { 'certificate-approvers': 'warning' },
      says: /User registrar may approve client certificates, and so become any user of this cluster, by ClusterRoleBinding approval → ClusterRole approval, ClusterRoleBinding signer → ClusterRole signer/,
    });
  });
}
