// actions/setup-python: a Python of this machine, in an environment of the job's own.
// Follows the inputs, outputs and variables of https://github.com/actions/setup-python

import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { execProgram } from '../../util/exec.ts'
import { ActionFailure } from '../actions/types.ts'
import type { Kit } from './kit.ts'
import { addPath, askVersions, chooseTool, entries, type FoundTool, notHere, readVersionFile, restoreDownloads, toolFolders } from './setup-tools.ts'

export async function setupPython(kit: Kit): Promise<void> {
  const wanted = wantedVersions(kit)
  const programs = toolFolders(kit, 'Python').flatMap((dir) =>
    entries(dir)
      .filter((name) => /^python3?(\.\d+)?$/.test(name))
      .map((name) => join(dir, name)),
  )
  const tools = await askVersions(programs, { args: ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], version: /^(\d+\.\d+\.\d+)$/m })
  const chosen = wanted.map((version) => {
    if (/^(pypy|graalpy)/i.test(version)) throw new ActionFailure(`${version}: only CPython is served here.`)
    const tool = chooseTool(tools, version)
    if (!tool) throw notHere('Python', version, tools)
    return tool
  })
  // The first one comes first on the PATH.
  for (const tool of [...chosen].reverse()) await provide(kit, tool)
}

function wantedVersions(kit: Kit): readonly string[] {
  const named = kit.lines('python-version')
  if (named.length > 0) return named
  const file = kit.input('python-version-file')
  if (file === '') return ['*']
  const text = readVersionFile(kit, 'python-version-file')
  const version = file.endsWith('.toml')
    ? (/^\s*(?:requires-python|python)\s*=\s*"([^"]+)"/m.exec(text)?.[1] ?? '').replaceAll(',', ' ')
    : (/^python\s+(\S+)/m.exec(text)?.[1] ?? text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#')))
  if (!version) throw new ActionFailure(`${file} names no version of Python.`)
  return [version.trim()]
}

async function provide(kit: Kit, { program, version }: FoundTool): Promise<void> {
  const root = join(kit.env.RUNNER_TOOL_CACHE ?? kit.temp, 'python-of-job', version)
  const made = await execProgram([program, '-m', 'venv', root], { timeoutMs: 5 * 60_000 })
  if (made.exit !== 0) {
    kit.warning(`An environment of the job's own could not be made (${made.stdout.trim().split('\n')[0]}): pip may not be able to install packages.`)
    link(root, program)
  }
  const bin = join(root, 'bin')
  const python = join(bin, 'python')
  kit.setOutput('python-version', version)
  kit.setOutput('python-path', python)
  if (kit.input('update-environment') !== 'false') {
    addPath(kit, bin)
    for (const name of ['pythonLocation', 'Python_ROOT_DIR', 'Python2_ROOT_DIR', 'Python3_ROOT_DIR']) kit.exportVariable(name, root)
  }
  kit.info(`Successfully set up CPython (${version})`)
  await useCache(kit, version)
}

function link(root: string, program: string): void {
  mkdirSync(join(root, 'bin'), { recursive: true })
  for (const name of ['python', 'python3']) symlinkSync(program, join(root, 'bin', name))
}

async function useCache(kit: Kit, version: string): Promise<void> {
  const cache = kit.input('cache')
  if (cache === '') return
  const known: Readonly<Record<string, { readonly paths: readonly string[]; readonly lockFiles: readonly string[] }>> = {
    pip: { paths: ['~/.cache/pip'], lockFiles: ['**/requirements.txt', 'pyproject.toml'] },
    pipenv: { paths: ['~/.local/share/virtualenvs'], lockFiles: ['**/Pipfile.lock'] },
    poetry: { paths: ['~/.cache/pypoetry'], lockFiles: ['**/poetry.lock'] },
  }
  const found = known[cache]
  if (!found) throw new ActionFailure(`Caching for '${cache}' is not supported. There are ${Object.keys(known).join(', ')}.`)
  await restoreDownloads(kit, { id: `setup-python-${version}-${cache}`, ...found })
}
