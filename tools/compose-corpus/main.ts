// Records what Docker Compose says to each case of test/golden/compose, and what we find in it. Read the difference before it is committed.
//   npx tsx tools/compose-corpus/main.ts [NAME…]

import { writeFileSync } from 'node:fs'
import { corpusFolder, ourAnswer, readCorpus } from '../../test/support/compose-corpus.ts'
import { askPeer, hasPeer, peerVersion } from '../../test/support/compose-peer.ts'

const wanted = process.argv.slice(2)
if (!hasPeer()) throw new Error('pw-peer-docker-compose is not on this machine: go build -o pw-peer-docker-compose github.com/docker/compose/v2/cmd')
for (const one of readCorpus().filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const json = askPeer(one, 'json')
  const yaml = askPeer(one, 'yaml')
  const ours = ourAnswer(one)
  const { findings } = ours
  const parts = [
    one.source.trimEnd(),
    json.ok ? `== json: docker compose ${peerVersion} ==\n${json.text.trimEnd()}` : `== refused: docker compose ${peerVersion} ==\n${json.text.trimEnd()}`,
    ...(yaml.ok ? [`== yaml: docker compose ${peerVersion} ==\n${yaml.text.trimEnd()}`] : []),
    ...(one.settings.differs !== undefined && ours.json !== undefined ? [`== json: ours ==\n${ours.json}`] : []),
    ...(findings.length > 0 ? [`== findings ==\n${findings.join('\n')}`] : []),
  ]
  writeFileSync(new URL(`${one.name}.txt`, corpusFolder), `${parts.join('\n')}\n`)
}
