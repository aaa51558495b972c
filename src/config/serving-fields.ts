/** Settings of the processes that go on running and are asked how they are: the controller and the gateway. */
import type { LogLevel } from '../lib/log.ts';
import { field, type SettingGroupTitle } from './fields.ts';
import { count, oneOf } from './values.ts';

const logLevels = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

/** Any port, or one of those that may be left out: 0 for none. */
export const port = (usual: number, { optional = false } = {}) => count(optional ? 0 : 1, 65_535).prefault(usual);

export const healthPort = (group: SettingGroupTitle, how: { optional?: boolean } = {}) =>
  field(port(8_081, how), { group, description: `port of /healthz and /readyz${noneOf(how)}` });

export const metricsPort = (group: SettingGroupTitle, how: { optional?: boolean } = {}) =>
  field(port(8_080, how), { group, description: `port of /metrics${noneOf(how)}` });

/** Of runs too. */
export const logLevel = (group: SettingGroupTitle) =>
  field(oneOf(logLevels, 'LEVEL').prefault('info'), { group, description: 'the least important lines to show' });

const noneOf = ({ optional = false }) => (optional ? '; 0 for none' : '');
