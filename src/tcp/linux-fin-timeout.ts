// What Linux makes of a number of seconds for FIN-WAIT-2, tcp_fin_timeout or TCP_LINGER2.
//
// Measured on 6.18 (docs/closing.md); net/ipv4/tcp.c has two places that each wait for the excess.

/** TIME-WAIT of Linux (net/tcp.h, not tunable): above it, FIN-WAIT-2 is two timers in a row. */
export const LINUX_TIME_WAIT_SECONDS = 60;

/**
 * How long Linux keeps an orphan in FIN-WAIT-2 for a value of tcp_fin_timeout. Above 60 it waits
 * for the excess as a full socket, and then for the excess once more as a mini-socket.
 */
export function linuxFinWait2Seconds(finTimeoutSeconds: number): number {
  const excess = finTimeoutSeconds - LINUX_TIME_WAIT_SECONDS;
  return excess > 0 ? 2 * excess : finTimeoutSeconds;
}
