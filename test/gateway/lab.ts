/** The lab of dev/gateway, with the gateway as it is shipped. */
import { type GatewayLab, type LabOptions, startGatewayLab } from '../../dev/gateway/lab.ts';
import { bundledProgram } from '../command.ts';

export { type GatewayLab, type GatewayProcess, systemNamespace, usersNamespace } from '../../dev/gateway/lab.ts';

export function startLab(options: Omit<LabOptions, 'program'> = {}): Promise<GatewayLab> {
  return startGatewayLab({ program: bundledProgram, ...options });
}
