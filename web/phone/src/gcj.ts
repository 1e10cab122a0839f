// The simulator keeps positions in GCJ-02; a browser's geolocation speaks WGS-84. The forward shift is a fixed formula,
// the way back is found by walking towards the point whose shift lands here.

const axis = 6378245;
const eccentricity = 0.006693421622965943;

interface Position {
  lat: number;
  lng: number;
}

const rad = (degrees: number) => (degrees * Math.PI) / 180;

// The sum of sines that bends the map: pairs of weight and frequency.
function waves(v: number, terms: [number, number][]): number {
  return terms.reduce((sum, [weight, frequency]) => sum + (weight * 2 * Math.sin(v * frequency * Math.PI)) / 3, 0);
}

/** WGS-84 → GCJ-02, for positions in mainland China. */
export function toGcj({ lat, lng }: Position): Position {
  const x = lng - 105;
  const y = lat - 35;
  const common = waves(x, [
    [20, 6],
    [20, 2],
  ]);
  const north =
    -100 +
    2 * x +
    3 * y +
    0.2 * y * y +
    0.1 * x * y +
    0.2 * Math.sqrt(Math.abs(x)) +
    common +
    waves(y, [
      [20, 1],
      [40, 1 / 3],
      [160, 1 / 12],
      [320, 1 / 30],
    ]);
  const east =
    300 +
    x +
    2 * y +
    0.1 * x * x +
    0.1 * x * y +
    0.1 * Math.sqrt(Math.abs(x)) +
    common +
    waves(x, [
      [20, 1],
      [40, 1 / 3],
      [150, 1 / 12],
      [300, 1 / 30],
    ]);
  const sin = Math.sin(rad(lat));
  const w = 1 - eccentricity * sin * sin;
  return {
    lat: lat + (north * 180) / (((axis * (1 - eccentricity)) / (w * Math.sqrt(w))) * Math.PI),
    lng: lng + (east * 180) / ((axis / Math.sqrt(w)) * Math.cos(rad(lat)) * Math.PI),
  };
}

/** GCJ-02 → WGS-84 to within a centimetre. */
export function toWgs(target: Position): Position {
  let guess = { ...target };
  for (let i = 0; i < 8; i++) {
    const there = toGcj(guess);
    guess = { lat: guess.lat + target.lat - there.lat, lng: guess.lng + target.lng - there.lng };
  }
  return guess;
}
