meta: { id: t, title: T, endian: le, bit-endian: le, encoding: ASCII }
doc: all that a layout can say
-ferry-name: t-1
-ferry-drivers: [d]
-ferry-detect:
  - { type: head, if: magic == 1, certainty: likely, reason: because }
-ferry-rules:
  - { expect: n > 0, if: head.magic != 2, severity: note, message: "found {n} of {#head.magic}", field: head }
seq:
  - { id: head, type: head }
  - id: items
    type: item
    repeat: expr
    repeat-expr: head.count
    -ferry-items:
      - { count: n, if: _.kind == kind::a }
      - { unique: _.size, message: twice, severity: warning }
      - { ascending: _.size, by: _.kind, message: down, severity: note }
  - { id: name, type: str, size: 4, pad-right: 0, valid: "'ab'" }
  - { id: words, type: u2be, repeat: until, repeat-until: _ == 0 or _io.eof }
  - { id: rest, size-eos: true }
instances:
  last: { pos: _io.size - 1, type: u1 }
  sum: { value: "head.count * 2 + (items.size > 0 ? items[0].size : 0)", enum: kind }
types:
  head:
    seq:
      - { id: magic, contents: [1] }
      - { id: count, type: u1, valid: { max: 9 } }
      - { id: low, type: b3 }
      - { id: high, type: b5, enum: kind }
  item:
    seq:
      - { id: kind, type: u1, enum: kind, valid: { in-enum: true } }
      - { id: size, type: u1, if: kind != kind::b }
      - id: body
        size: size - 1
        if: kind == kind::a
        type: { switch-on: kind, cases: { kind::a: inner } }
      - { id: pad, size: (4 - _io.pos % 4) % 4, -ferry-padding: true }
  inner:
    seq:
      - { id: all, type: u1, repeat: eos }
    instances: { up: { value: _parent.size + _root.head.count } }
enums:
  kind: { 0: a, 1: b, 2: { id: c, doc: d } }
