#!/usr/bin/env python3
"""Learns src/coarse-weights.ts: what the first look of a cascade search reads of a descriptor. Needs numpy.

    node packages/matcher/bench/coarse-samples.mjs OUT FOLDER...     (folders of the tuning sets, all extractors)
    python3 packages/matcher/bench/learn-coarse.py OUT > packages/matcher/src/coarse-weights.ts

1. Canonical directions of mated minutiae: descriptors (bits less their mean, 0 in cells that are not valid) of minutiae that the full comparison paired
   in two impressions of a finger, each folder weighted alike; directions of largest cross-covariance over total covariance, the 16 first.
2. In each of 8 planes (directions k and k + 8) a code book of 16 by k-means, in the metric of the likelihood ratio.
"""
import base64
import sys

import numpy as np

SIZE, DIRECTIONS, PLANES, WORDS = 2752, 16, 8, 16
out = sys.argv[1]
rng = np.random.default_rng(1)
record = np.fromfile(f'{out}/records.bin', np.uint8).reshape(-1, SIZE)
folder = np.fromfile(f'{out}/folders.i32', np.int32)
mated = np.fromfile(f'{out}/mated.i32', np.int32).reshape(-1, 4)
bits = np.unpackbits(record[:, 256:2176].reshape(-1, 48, 40), axis=2, bitorder='little')[:, :, :312]
mask = np.unpackbits(record[:, 2176:2560].reshape(-1, 48, 8), axis=2, bitorder='little')[:, :, :52]
used = np.arange(48)[None, :] < record[:, 32][:, None]

b, v = bits[used].astype(np.float64), np.tile(mask[used], (1, 6)).astype(np.float64)
mean = b.sum(0) / np.maximum(v.sum(0), 1)


def centred(r, i):
    return (bits[r, i] - mean) * np.tile(mask[r, i], (1, 6))


weight = np.zeros(len(mated))
of = folder[mated[:, 0]]
for k in np.unique(of):
    weight[of == k] = 1 / (of == k).sum()
weight /= weight.sum()
xa, xb = centred(mated[:, 0], mated[:, 1]), centred(mated[:, 2], mated[:, 3])
cross = (xa * weight[:, None]).T @ xb
total = ((xa * weight[:, None]).T @ xa + (xb * weight[:, None]).T @ xb) / 2
total += np.eye(312) * 0.1 * np.trace(total) / 312
inverse = np.linalg.inv(np.linalg.cholesky(total))
values, vectors = np.linalg.eigh(inverse @ ((cross + cross.T) / 2) @ inverse.T)
order = np.argsort(-values)[:DIRECTIONS]
direction, rho = inverse.T @ vectors[:, order], values[order]
direction *= np.sign(direction.sum(0))

scale = 127 / np.abs(direction).max(0)
rows = np.round(direction * scale).astype(np.int8)
cells = np.round((rows * mean[:, None]).reshape(6, 52, DIRECTIONS).sum(0)).astype(np.int16)
to_q5 = np.round(32 * 4096 / scale).astype(int)
z = np.floor(((b @ rows - v[:, :52] @ cells) * to_q5 + 2048) / 4096)

metric = rho / (1 - rho**2)
some = z[rng.choice(len(z), min(len(z), 40000), replace=False)]
books = []
for k in range(PLANES):
    own = [k, k + PLANES]
    points = some[:, own] * np.sqrt(metric[own])
    words = points[rng.choice(len(points), WORDS, replace=False)].copy()
    for _ in range(25):
        near = np.argmin((words**2).sum(1)[None] - 2 * points @ words.T, 1)
        for w in range(WORDS):
            if (near == w).any():
                words[w] = points[near == w].mean(0)
    books.append(np.round(words / np.sqrt(metric[own])).astype(int))


def numbers(values):
    return ', '.join(str(int(x)) for x in values)


print(f'''// Made by bench/learn-coarse.py from {len(mated)} mated minutiae of T ({len(np.unique(folder))} folders); see there. Read by coarse.ts.

/** Correlation of mated minutiae along each direction: {', '.join(f'{r:.3f}' for r in rho)}. */
export const coarseWeights = {{
  /** Bits' weights, {DIRECTIONS} int8 a bit, in base64. */
  bits:
    '{base64.b64encode(rows.tobytes()).decode()}',
  /** Valid cells' weights, {DIRECTIONS} int16 a cell: what the bits of a cell come to on average, in base64, little-endian. */
  cells:
    '{base64.b64encode(cells.astype('<i2').tobytes()).decode()}',
  /** Makes a direction's sum Q5 of its standard deviation, Q12. */
  scale: [{numbers(to_q5)}],
  /** rho / (1 - rho^2), Q12: of the product of two sides, and the metric of the code books. */
  product: [{numbers(np.round(4096 * metric))}],
  /** rho^2 / 2 (1 - rho^2), Q12: of their squares. */
  square: [{numbers(np.round(4096 * rho**2 / (1 - rho**2) / 2))}],
  /** -ln(1 - rho^2) / 2, Q22. */
  constant: [{numbers(np.round(2**22 * -np.log(1 - rho**2) / 2))}],
  /** Code books: {WORDS} words of a plane, two Q5 coordinates each, plane after plane. */
  words: [
    {(',' + chr(10) + '    ').join(numbers(book.ravel()) for book in books)},
  ],
}} as const''')
