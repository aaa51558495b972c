/** The policies for members: in place, and enforcing rather than only auditing. */
import { allInOrder } from '../../lib/all-in-order.ts';
import type { Commands } from '../commands.ts';
import type { AuditContext } from '../context.ts';
import { type Finding, failed, ok, warning } from '../finding.ts';
import type { PolicyObjects, Variant, VariantState } from '../member-policies.ts';
import { readPolicies, variantInPlace, variantToApply } from '../policies-in-place.ts';
import { policyExceptionKinds } from '../policy-objects.ts';
import { serviceAccountsGroup } from '../rbac.ts';
import { enListed } from '../words.ts';

const titles: Record<Variant, string> = {
  kyverno: "Kyverno's ClusterPolicies",
  'kyverno-cel': "Kyverno's CEL policies",
  builtin: "Kubernetes' own admission policies",
};

export async function policies(context: AuditContext): Promise<Finding[]> {
  const { gathered, commands, options } = context;
  const objects = await readPolicies(gathered);
  const inPlace = variantInPlace(objects);
  const findings = await exceptionFindings(context);
  if (inPlace === undefined) {
    const fix = commands.applyPolicies(await variantToApply(gathered, objects));
    const own = clubsOwn(objects, serviceAccountsGroup(context.namespaces.targetNamespace));
    if (own.length === 0) return [...findings, noneFinding(context, fix)];
    const advice = options.probe ? 'the probe below shows' : '--probe shows';
    return [
      ...findings,
      warning(
        `policies of the club's own name the members (${enListed(own)}); ${advice} whether they are enough. Ours stand beside them`,
        fix,
      ),
    ];
  }
  findings.push(...problemsOf(inPlace, commands));
  return findings.length > 0
    ? findings
    : [ok(`${inPlace.present.length} policies enforce (${titles[inPlace.variant]})`)];
}

function noneFinding({ expectsPolicies }: AuditContext, fix: string): Finding {
  const text = 'there are no policies for the members: RBAC alone holds them back';
  if (expectsPolicies) return failed(text, fix);
  return warning(`${text}. That is enough where they have only what you give them`, {
    label: 'where members share the cluster and create namespaces',
    command: fix,
  });
}

function problemsOf({ variant, missing, weak }: VariantState, { kubectl, applyPolicies }: Commands): Finding[] {
  const apply = applyPolicies(variant);
  const findings = weak.map(({ text, undo }) => {
    if (undo === undefined) return failed(text, apply);
    const patch = JSON.stringify(undo.patch);
    return failed(text, ...undo.objects.map((object) => kubectl`patch ${object} --type=merge -p ${patch}`));
  });
  if (missing.length > 0) findings.unshift(failed(`missing: ${enListed(missing)}`, apply));
  return findings;
}

/** ClusterPolicies of other names that speak of the members' group. */
function clubsOwn({ clusterPolicies }: PolicyObjects, group: string): string[] {
  return clusterPolicies
    .filter(({ spec }) => JSON.stringify(spec).includes(`"${group}"`))
    .map(({ metadata }) => metadata.name);
}

/** A PolicyException takes whatever it matches out of a policy. */
async function exceptionFindings({ gathered, commands }: AuditContext): Promise<Finding[]> {
  const ofKinds = await allInOrder(
    policyExceptionKinds.map(async (kind) => {
      const exceptions = await gathered.list(kind);
      return exceptions.map((exception) => ({ ...exception, type: `policyexceptions.${kind.group}` }));
    }),
  );
  return ofKinds.flat().flatMap(({ metadata, spec, type }) => {
    const excepted = [
      ...(spec.exceptions ?? []).map(({ policyName }) => policyName),
      ...(spec.policyRefs ?? []).map(({ name }) => name),
    ].filter((name) => name.startsWith('members-'));
    if (excepted.length === 0) return [];
    const { name, namespace = '' } = metadata;
    return [
      warning(`the PolicyException ${name} in ${namespace} makes exceptions from ${enListed(excepted)}`, {
        label: 'unless it is meant',
        command: commands.kubectl`-n ${namespace} delete ${type}/${name}`,
      }),
    ];
  });
}
