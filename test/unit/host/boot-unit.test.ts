import { expect, test } from 'vitest'
import { bootUnitText, findBootUnit } from '../../../lib/host/boot-unit.ts'

test('no word of a path is read by systemd as anything else', () => {
  const text = bootUnitText(1000, {
    program: '/home/a b/100%/$x/"lighter"',
    environment: { XDG_DATA_HOME: '/data' },
  })
  expect(text).toContain('ExecStart="/home/a b/100%%/$$x/\\"lighter\\"" system boot\n')
  expect(text).toContain('Environment="XDG_DATA_HOME=/data"\n')
  expect(text).toContain('WantedBy=default.target\n')
})

test("root's is one of the system", () => {
  expect(findBootUnit(0, '/root/.config')).toEqual({
    path: '/etc/systemd/system/lighter-boot.service',
    link: '/etc/systemd/system/multi-user.target.wants/lighter-boot.service',
  })
  expect(bootUnitText(0, { program: '/usr/bin/lighter', environment: {} })).toContain(
    'WantedBy=multi-user.target\n',
  )
})
