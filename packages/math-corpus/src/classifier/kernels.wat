;; Row sums and row updates of a table of 32-bit floats, four at a time. Compiled by hand into kernels.ts:
;; `npx wabt` is not a dependency; kernels_test.ts compares every result with the loops in plain JavaScript.
(module
  (import "e" "m" (memory 0 65536))
  ;; h[0..dim) = sum of the rows named by the i32 list at $list; $dim is a multiple of 16
  (func (export "gather") (param $list i32) (param $count i32) (param $rows i32) (param $bytes i32) (param $h i32)
    (local $end i32) (local $row i32) (local $j i32) (local $at i32)
    (memory.fill (local.get $h) (i32.const 0) (local.get $bytes))
    (local.set $end (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $list) (local.get $end)))
        (local.set $row (i32.add (local.get $rows) (i32.mul (i32.load (local.get $list)) (local.get $bytes))))
        (local.set $list (i32.add (local.get $list) (i32.const 4)))
        (local.set $j (i32.const 0))
        (loop $four
          (local.set $at (i32.add (local.get $h) (local.get $j)))
          (v128.store (local.get $at) (f32x4.add (v128.load (local.get $at)) (v128.load (i32.add (local.get $row) (local.get $j)))))
          (v128.store offset=16 (local.get $at) (f32x4.add (v128.load offset=16 (local.get $at)) (v128.load offset=16 (i32.add (local.get $row) (local.get $j)))))
          (v128.store offset=32 (local.get $at) (f32x4.add (v128.load offset=32 (local.get $at)) (v128.load offset=32 (i32.add (local.get $row) (local.get $j)))))
          (v128.store offset=48 (local.get $at) (f32x4.add (v128.load offset=48 (local.get $at)) (v128.load offset=48 (i32.add (local.get $row) (local.get $j)))))
          (br_if $four (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 64))) (local.get $bytes))))
        (br $next))))
  ;; each named row += g
  (func (export "scatter") (param $list i32) (param $count i32) (param $rows i32) (param $bytes i32) (param $g i32)
    (local $end i32) (local $row i32) (local $j i32) (local $at i32)
    (local.set $end (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $list) (local.get $end)))
        (local.set $row (i32.add (local.get $rows) (i32.mul (i32.load (local.get $list)) (local.get $bytes))))
        (local.set $list (i32.add (local.get $list) (i32.const 4)))
        (local.set $j (i32.const 0))
        (loop $four
          (local.set $at (i32.add (local.get $row) (local.get $j)))
          (v128.store (local.get $at) (f32x4.add (v128.load (local.get $at)) (v128.load (i32.add (local.get $g) (local.get $j)))))
          (v128.store offset=16 (local.get $at) (f32x4.add (v128.load offset=16 (local.get $at)) (v128.load offset=16 (i32.add (local.get $g) (local.get $j)))))
          (v128.store offset=32 (local.get $at) (f32x4.add (v128.load offset=32 (local.get $at)) (v128.load offset=32 (i32.add (local.get $g) (local.get $j)))))
          (v128.store offset=48 (local.get $at) (f32x4.add (v128.load offset=48 (local.get $at)) (v128.load offset=48 (i32.add (local.get $g) (local.get $j)))))
          (br_if $four (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 64))) (local.get $bytes))))
        (br $next))))
)
