/** `enroll` as an operator runs it: not by runCommand, which fails for a command that prints what it is asked for. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { bundledProgram, ownEnvironment } from '../command.ts';
import type { GatewayLab } from './lab.ts';

interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const failedSchema = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });

export async function runEnroll({ controlPlane }: GatewayLab, args: readonly string[]): Promise<Ran> {
  const env = { ...ownEnvironment(controlPlane.directory), KUBECONFIG: controlPlane.kubeconfig };
  try {
    const ran = await promisify(execFile)(process.execPath, [bundledProgram, 'enroll', ...args], { env });
    return { exitCode: 0, ...ran };
  } catch (error) {
    const { code, ...output } = failedSchema.parse(error);
    return { exitCode: code, ...output };
  }
}

/** A code for one device of this member. */
export async function newOneTimeCode(lab: GatewayLab, member: string): Promise<string> {
  const { exitCode, stdout, stderr } = await runEnroll(lab, [member, '--gateway', lab.origin]);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout.trim();
}
