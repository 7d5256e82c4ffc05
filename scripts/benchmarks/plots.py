"""The plots of docs/benchmarks.md."""

PROTOCOL = "signer, protocol: "


def pyplot():
    """Here and not above: most of scripts/bench does without matplotlib."""
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot as found
    # The same file from the same figures, whatever this machine's settings are; on white, so that it can be
    # read on a dark page, too.
    matplotlib.rcdefaults()
    matplotlib.rcParams.update({"svg.hashsalt": "signing", "savefig.facecolor": "white",
                                "savefig.transparent": False})
    return found


def draw(found, folder):
    """Writes all of them."""
    plot = pyplot()
    folder.mkdir(exist_ok=True)
    for drawings in PLOTS.values():
        for drawing in drawings:
            drawing(plot, found)
            plot.tight_layout()
            plot.savefig(folder / file(drawing), metadata={"Date": None})
            plot.close()


def file(drawing):
    return f"bench-{drawing.__name__.replace('_', '-')}.svg"


def empty(plot, title, xlabel, ylabel):
    _, axes = plot.subplots(figsize=(6, 3.5))
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return axes


def from_zero(axes):
    axes.set_ylim(0, 1.1 * axes.get_ylim()[1])


def column(rows, name):
    return [row[name] for row in rows]


def stages_two(plot, found):
    stages(plot, found["sign"], "by two of three")


def stages_three(plot, found):
    stages(plot, found["sign"]["three"], "by three of five")


def stages(plot, found, who):
    """The protocol and all else, each with a scale of its own: one is a hundred times the other."""
    parts = {name: 1000 * seconds for name, seconds in found["parts"].items()}
    protocol = {name: value for name, value in parts.items() if PROTOCOL in name}
    beside = {name: value for name, value in parts.items() if name not in protocol}
    _, both = plot.subplots(2, figsize=(8, 7), gridspec_kw={"height_ratios": [len(protocol), len(beside)]})
    for axes, title, bars in ((both[0], "the protocol", protocol), (both[1], "all else", beside)):
        names = [name.replace(PROTOCOL, "") for name in bars]
        drawn = axes.barh(names, list(bars.values()))
        axes.bar_label(drawn, fmt="%.2f", padding=3, fontsize=8)
        axes.invert_yaxis()
        axes.margins(x=0.15)
        axes.set(title=f"One signature {who}, {title}: {sum(bars.values()):.1f} ms", xlabel="milliseconds")


def throughput(plot, found):
    rows = found["throughput"]["rows"]
    axes = empty(plot, "Signatures a second", "users at once", "signatures a second")
    axes.plot(column(rows, "users"), column(rows, "per_second"), marker="o", label="network of five nodes")
    axes.plot(column(rows, "users"), column(rows, "allowed_per_second"), linestyle="--", color="gray",
              label="what the protocol's own processor time allows")
    axes.set_xticks(column(rows, "users"))
    from_zero(axes)
    axes.legend()


def parties(plot, found):
    rows = found["growth"]["signing"]
    axes = empty(plot, "One signature, all parties on one machine", "parties", "seconds")
    axes.plot(column(rows, "parties"), column(rows, "driver"), marker="o", label="this driver")
    axes.plot(column(rows, "parties"), column(rows, "bare"), marker="o", label="bare synedrion")
    axes.set_xticks(column(rows, "parties"))
    from_zero(axes)
    axes.legend()


def messages(plot, found):
    rows = found["growth"]["messages"]
    axes = empty(plot, "One signature, end to end, by its message", "message, bytes", "seconds, median")
    axes.semilogx(column(rows, "bytes"), column(rows, "median"), marker="o")
    from_zero(axes)


def fuel(plot, found):
    rows = found["growth"]["fuel"]
    axes = empty(plot, "A program that takes all its fuel", "fuel", "milliseconds")
    axes.loglog(column(rows, "fuel"), column(rows, "milliseconds"), marker="o")


def lookups(plot, found):
    rows = found["growth"]["lookups"]
    axes = empty(plot, "A registration, looked up in a trie in memory", "registrations", "microseconds")
    axes.semilogx(column(rows, "registrations"), column(rows, "microseconds"), marker="o")
    from_zero(axes)


def hand_overs(plot, found):
    rows = found["faults"]["hand_over"]
    axes = empty(plot, "A hand-over, all members on one machine", "members", "seconds")
    for name, meaning in (("with", "with auxiliary information made before"), ("without", "without"),
                          ("ahead", "to make it before")):
        axes.semilogy(column(rows, "members"), column(rows, name), marker="o", label=meaning)
    axes.set_xticks(column(rows, "members"))
    axes.legend()


# Those of each part of the page.
PLOTS = {"sign": [stages_two, stages_three], "throughput": [throughput], "growth": [parties, messages, fuel, lookups],
         "faults": [hand_overs]}
