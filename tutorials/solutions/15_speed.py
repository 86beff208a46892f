"""Answers to the exercises of lesson 15."""

import statistics


def softmax_bytes(rows, columns):
    numbers = rows * columns
    read = numbers + (numbers + rows) + numbers + numbers + (numbers + rows)
    written = rows + numbers + numbers + rows + numbers
    return 4 * (read + written)


def cache_lines(rows, columns, along):
    return columns // 16 if along == "row" else rows


def moving_mean(x, k):
    return x.unfold(0, k, 1).mean(1)  # or F.avg_pool1d(x[None, None], k, stride=1)[0, 0]


copies = "bfg"


def timed(run, wait, clock, rounds):
    run()
    times = []
    for _ in range(rounds):
        wait()
        start = clock()
        run()
        wait()
        times.append(clock() - start)
    return statistics.median(times)
