import { topic } from '../suite.ts'

const made = (document: object): [string, unknown] => ['POST /volumes/create', document]
const local = (DriverOpts: object) => made({ Name: 'api-new', DriverOpts })

/** Volumes. */
export default topic('volumes', [
  'POST /volumes/create',
  ...['a b', '-a', 'x', 'ab', 'a/b', '/a', '.', '..', 'x'.repeat(256), 'api-kept', 'ä'].map(
    (Name) => made({ Name }),
  ),
  made({ Name: 1 }),
  made({}),
  made({ Name: 'api-new', Driver: 'nosuch' }),
  made({ Name: 'api-new', Driver: 1 }),
  made({ Name: 'api-kept', Driver: 'nosuch' }),
  made({ Name: 'api-kept', DriverOpts: { type: 'tmpfs', device: 'tmpfs' } }),
  made({ Name: 'api-new', Labels: ['x'] }),
  made({ Name: 'api-new', Labels: { a: 1 } }),
  made({ Name: 'api-new', ClusterVolumeSpec: {} }),
  local({ x: 1 }),
  local({ nosuch: 'x' }),
  local({ type: 'tmpfs' }),
  local({ device: 'tmpfs' }),
  local({ o: 'size=1m' }),
  local({ type: 'tmpfs', device: 'tmpfs', o: 'size=x' }),
  local({ type: '', device: '/tmp', o: 'bind' }),
  local({ type: 'none', device: '/nosuch/nosuch', o: 'bind' }),
  local({ type: 'none', device: 'relative', o: 'bind' }),
  local({ size: '1m' }),
  'GET /volumes/nosuch',
  'GET /volumes/a%20b',
  'GET /volumes/-a',
  'DELETE /volumes/nosuch',
  'DELETE /volumes/nosuch?force=1',
  'DELETE /volumes/a%20b',
  'DELETE /volumes/api-kept',
  'DELETE /volumes/api-kept?force=1',
  ['PUT /volumes/api-kept', {}],
  ['PUT /volumes/api-kept?version=x', {}],
  ['PUT /volumes/nosuch?version=1', {}],
])
