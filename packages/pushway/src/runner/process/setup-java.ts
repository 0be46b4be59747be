// actions/setup-java: a Java of this machine.
// Follows the inputs, outputs and variables of https://github.com/actions/setup-java

import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ActionFailure } from '../actions/types.ts'
import type { Kit } from './kit.ts'
import { addPath, askVersions, chooseTool, entries, type FoundTool, notHere, readVersionFile, restoreDownloads, toolFolders } from './setup-tools.ts'

const distributions = ['temurin', 'zulu', 'adopt', 'adopt-hotspot', 'adopt-openj9', 'liberica', 'microsoft', 'corretto', 'semeru', 'oracle', 'dragonwell']

export async function setupJava(kit: Kit): Promise<void> {
  const distribution = kit.required('distribution')
  if (!distributions.includes(distribution)) throw new ActionFailure(`No supported distribution was found for input ${distribution}.`)
  const kind = kit.input('java-package') || 'jdk'
  if (kind !== 'jdk' && kind !== 'jre') throw new ActionFailure(`java-package: ${kind} is not on this machine: it has jdk and jre.`)
  const homes = [kit.env.JAVA_HOME, ...entries('/usr/lib/jvm').map((name) => join('/usr/lib/jvm', name))].filter((home) => home !== undefined)
  const folders = [...homes.map((home) => join(home, 'bin')), ...toolFolders(kit, `Java_${distribution}_jdk`)]
  const needed = kind === 'jdk' ? 'javac' : 'java'
  const programs = folders.filter((dir) => existsSync(join(dir, needed))).map((dir) => join(dir, 'java'))
  const tools = (await askVersions(programs, { args: ['-version'], version: /version "([\d._]+)/ })).map(modern)
  const wanted = wantedVersions(kit)
  for (const version of [...wanted].reverse()) {
    const tool = chooseTool(tools, version)
    if (!tool) throw notHere(`Java (${kind})`, version, tools)
    provide(kit, tool, distribution)
  }
  await useCache(kit)
}

/** `1.8.0_392` is 8.0.392; `17` is 17.0.0. */
function modern({ program, version }: FoundTool): FoundTool {
  const [major = '0', minor = '0', patch = '0'] = version.replace(/^1\.(\d+)\.0_(\d+)$/, '$1.0.$2').split('.')
  return { program, version: `${major}.${minor}.${patch}` }
}

function wantedVersions(kit: Kit): readonly string[] {
  const named = kit.lines('java-version')
  if (named.length > 0) return named.map((version) => version.replace(/^1\.8$/, '8'))
  if (kit.input('java-version-file') === '') throw new ActionFailure('java-version or java-version-file input expected')
  const text = readVersionFile(kit, 'java-version-file')
  const version = /^java\s+(?:\w+-)?(\d[\d.]*)/m.exec(text)?.[1] ?? /^(?:\w+-)?(\d[\d.]*)/m.exec(text)?.[1]
  if (version === undefined) throw new ActionFailure(`${kit.input('java-version-file')} names no version of Java.`)
  return [version]
}

function provide(kit: Kit, { program, version }: FoundTool, distribution: string): void {
  const home = dirname(dirname(realpathSync(program)))
  addPath(kit, join(home, 'bin'))
  kit.exportVariable('JAVA_HOME', home)
  kit.exportVariable(`JAVA_HOME_${version.split('.')[0]}_${kit.env.RUNNER_ARCH ?? 'X64'}`, home)
  kit.setOutput('distribution', distribution)
  kit.setOutput('version', version)
  kit.setOutput('path', home)
  kit.warning(`distribution: ${distribution}: the Java of this machine is used, whoever has built it (${home}).`)
  kit.info(`Java ${version} at ${home}`)
}

async function useCache(kit: Kit): Promise<void> {
  const cache = kit.input('cache')
  if (cache === '') return
  const known: Readonly<Record<string, { readonly paths: readonly string[]; readonly lockFiles: readonly string[] }>> = {
    maven: { paths: ['~/.m2/repository'], lockFiles: ['**/pom.xml'] },
    gradle: {
      paths: ['~/.gradle/caches', '~/.gradle/wrapper'],
      lockFiles: ['**/*.gradle*', '**/gradle-wrapper.properties', 'buildSrc/**/Versions.kt', 'gradle/*.versions.toml', '**/versions.properties'],
    },
    sbt: { paths: ['~/.ivy2/cache', '~/.sbt', '~/.cache/coursier'], lockFiles: ['**/*.sbt', '**/project/build.properties'] },
  }
  const found = known[cache]
  if (!found) throw new ActionFailure(`unknown package manager specified: ${cache}. There are ${Object.keys(known).join(', ')}.`)
  await restoreDownloads(kit, { id: `setup-java-${cache}`, ...found })
}
