/** Runs a health check of Argo CD's, in Lua, in the interpreter that Argo CD has built in. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type BinaryModule, pinnedVersion, provideBinaries } from '../control-plane/index.ts';

const directory = fileURLToPath(new URL('go', import.meta.url));
const goModule = 'github.com/yuin/gopher-lua';

const lua: BinaryModule<'glua'> = {
  name: 'gopher-lua',
  version: pinnedVersion(directory, goModule),
  directory,
  ldflags: ['-s', '-w'],
  programs: { glua: { goPackage: `${goModule}/cmd/glua` } },
};

export interface Health {
  readonly status: string;
  readonly message: string;
}

/**
 * @param check the Lua of `resource.customizations.health.…`
 * @param object what it finds as `obj`: plain data
 */
export async function checkHealth(check: string, object: unknown): Promise<Health> {
  const binaries = await provideBinaries(lua, ['glua']);
  const script = `
    obj = ${luaLiteral(object)}
    local health = (function() ${check}
    end)()
    io.write(health.status, "\\n", health.message)`;
  const { stdout } = await promisify(execFile)(binaries.path('glua'), ['-e', script]);
  const [status = '', message = ''] = stdout.split('\n');
  return { status, message };
}

function luaLiteral(value: unknown): string {
  // JSON's strings are Lua's, as long as nothing needs \u.
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return JSON.stringify(value);
  if (Array.isArray(value)) return `{${value.map(luaLiteral).join(', ')}}`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, each]) => `[${JSON.stringify(key)}] = ${luaLiteral(each)}`)
      .join(', ')}}`;
  return 'nil';
}
