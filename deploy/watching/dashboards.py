"""The dashboards of ``deploy/watching/grafana``, as tables: what each graph shows, and the queries behind it.

    python deploy/watching/dashboards.py    # after a change: writes the files that Grafana reads

A query may have ``$node`` (nodes chosen above the graphs) and ``$__rate_interval``: Grafana fills them in.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grafana_foundation_sdk.builders import common, dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableRefresh

FOLDER = Path(__file__).parent / "grafana"
SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
WIDTH, HEIGHT = 8, 8
"""Of a graph: Grafana's page has 24 columns."""


@dataclass(frozen=True, slots=True)
class Graph:
    """``queries``: by legend. ``unit``: one of Grafana's; ``about``: what to look for."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    about: str = ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """``rows``: graphs by their heading."""

    uid: str
    title: str
    rows: dict[str, Sequence[Graph]] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.uid}.json"


def increase(metric: str, by: str, *which: str) -> str:
    """Events a minute of the chosen nodes."""
    return f"sum by ({by}) (rate({metric}{{{_chosen(*which)}}}[$__rate_interval])) * 60"


def quantile(share: float, metric: str) -> str:
    """What ``share`` of the observations of a histogram stay below."""
    return f"histogram_quantile({share}, sum by (le) (rate({metric}_bucket{{{_chosen()}}}[$__rate_interval])))"


def share(metric: str, most: str) -> str:
    """The share of the observations of a histogram up to one of its bounds."""
    below = f"sum(rate({metric}_bucket{{{_chosen(f'le={json.dumps(most)}')}}}[$__rate_interval]))"
    return f"{below} / sum(rate({metric}_count{{{_chosen()}}}[$__rate_interval]))"


def now(metric: str, by: str = "instance", *which: str) -> str:
    """A gauge of the chosen nodes."""
    return f"sum by ({by}) ({metric}{{{_chosen(*which)}}})"


def _chosen(*which: str) -> str:
    return ", ".join(('instance=~"$node"', *which))


GAP = "voicebot_response_gap_seconds"
CALLS = Dashboard(
    "voicebot-calls",
    "voicebot: calls",
    {
        "How many": [
            Graph(
                "Calls that run",
                {
                    "{{direction}}, {{state}}": now("voicebot_calls_up", "direction, state"),
                    "taken at most": f"sum(voicebot_calls_limit{{{_chosen()}}})",
                },
                about="When the limit is reached, callers are refused.",
            ),
            Graph(
                "Calls that ended, a minute",
                {"{{outcome}}": increase("voicebot_calls_total", "outcome")},
                about='"media-timeout", "killed" and "error" should be rare.',
            ),
            Graph("Calls refused, a minute", {"{{reason}}": increase("voicebot_calls_refused_total", "reason")}),
            Graph(
                "INVITE to answer",
                {
                    "half": quantile(0.5, "voicebot_call_setup_seconds"),
                    "95 %": quantile(0.95, "voicebot_call_setup_seconds"),
                },
                "s",
            ),
            Graph(
                "Answer to end",
                {
                    "half": quantile(0.5, "voicebot_call_duration_seconds"),
                    "95 %": quantile(0.95, "voicebot_call_duration_seconds"),
                },
                "s",
            ),
            Graph("Failures in calls, a minute", {"{{what}}": increase("voicebot_failures_total", "what")}),
        ],
        "Conversation": [
            Graph(
                "Silence before an answer of the bot",
                {"half": quantile(0.5, GAP), "95 %": quantile(0.95, GAP)},
                "s",
                "What callers wait for. People answer one another after 0.2 s.",
            ),
            Graph(
                "Sounds over prompts, a minute",
                {"{{outcome}}": increase("voicebot_sounds_over_prompts_total", "outcome")},
                about="Only with an interruption (barge-in), the prompt was dropped. Much echo: that of a trunk?",
            ),
            Graph(
                "Why turns of callers were over, a minute",
                {"{{why}}": increase("voicebot_turn_ends_total", "why")},
                about='Much "patience": callers wait, as the recogniser is late or hears badly.',
            ),
            Graph(
                "Made ready before the caller's turn was over, a minute",
                {"{{what}}": increase("voicebot_prepared_total", "what")},
                about="A metered speech service charges for all prompts.",
            ),
        ],
        "Audio": [
            Graph(
                "Estimated quality of calls (MOS)",
                {"half": quantile(0.5, "voicebot_rtp_mos"), "the worst twentieth": quantile(0.05, "voicebot_rtp_mos")},
                about="4.4 is the best that G.711 can have; below 3.4 people complain.",
            ),
            Graph(
                "Calls that lost packets",
                {
                    "more than 2 %": f"1 - {share('voicebot_rtp_loss_ratio', '0.02')}",
                    "any": f"1 - {share('voicebot_rtp_loss_ratio', '0.0')}",
                },
                "percentunit",
            ),
            Graph("Jitter of calls", {"95 %": quantile(0.95, "voicebot_rtp_jitter_seconds")}, "s"),
            Graph(
                "Packets, a minute",
                {"{{kind}}": increase("voicebot_rtp_packets_total", "kind", 'kind!~"sent|received"')},
                about='"foreign" and "not-authentic": somebody else sends to our ports.',
            ),
        ],
    },
)
EDGE = 'job="kamailio"'
NODES = Dashboard(
    "voicebot-nodes",
    "voicebot: nodes",
    {
        "There and ready": [
            Graph("Answers Prometheus", {"{{instance}}": 'up{job="voicebot", instance=~"$node"}'}, "bool_yes_no"),
            Graph("Takes calls", {"{{instance}}": now("voicebot_ready")}, "bool_yes_no"),
            Graph("Ends with its last call", {"{{instance}}": now("voicebot_draining")}, "bool_yes_no"),
            Graph("Calls", {"{{instance}}": now("voicebot_calls_up")}),
            Graph("Calls taken at most", {"{{instance}}": now("voicebot_calls_limit")}),
            Graph(
                "Restarts of processes, a minute",
                {"{{instance}}: {{process}}": increase("voicebot_process_restarts_total", "instance, process")},
            ),
        ],
        "Load": [
            Graph(
                "Event loop busy",
                {"{{instance}}": now("voicebot_loop_busy_ratio")},
                "percentunit",
                "At 92 % a node takes no more calls.",
            ),
            Graph(
                "Media clock late, p99",
                {"{{instance}}": now("voicebot_clock_late_seconds")},
                "s",
                "At 10 ms a node takes no more calls.",
            ),
            Graph(
                "Audio that waits for its recogniser", {"{{instance}}": now("voicebot_recogniser_backlog_seconds")}, "s"
            ),
            Graph("At its edge, by sign", {"{{instance}}: {{sign}}": now("voicebot_strained", "instance, sign")}),
            Graph(
                "Records and recordings not written, a minute",
                {"{{instance}}: {{what}}": increase("voicebot_calls_not_kept_total", "instance, what")},
            ),
        ],
        "Fleet": [
            Graph(
                "Nodes",
                {"{{state}}": f"max by (state) (voicebot_fleet_nodes{{{_chosen()}}})"},
                about="As the nodes see one another by Redis.",
            ),
            Graph(
                "Calls that moved, a minute",
                {"{{instance}}: {{how}}": increase("voicebot_fleet_calls_moved_total", "instance, how")},
                about="Leases were lost: a node was gone (taken elsewhere), or paused (given up).",
            ),
            Graph(
                "Redis is used",
                {
                    "{{instance}}: limits and lists": now("voicebot_fleet_up"),
                    "{{instance}}: conversations": now("voicebot_state_server_up"),
                },
                "bool_yes_no",
            ),
            Graph(
                "Nodes differ",
                {
                    "settings": f"max(voicebot_fleet_settings{{{_chosen()}}})",
                    "dialogs": f"max(voicebot_fleet_dialogs{{{_chosen()}}})",
                },
                about="1 is right; more is right in an upgrade only.",
            ),
            Graph("Version of the dialogs", {"{{instance}}": now("voicebot_dialogs_version")}),
            Graph("Faults in saved dialogs", {"{{instance}}": now("voicebot_dialogs_faults")}),
        ],
        "Kamailio": [
            Graph(
                "Calls that came, a minute",
                {"to Kamailio": f"sum(rate(kamailio_core_rcv_requests_invite{{{EDGE}}}[$__rate_interval])) * 60"},
                about="With those in calls (hold, a takeover).",
            ),
            Graph(
                "Calls refused, a minute",
                {"{{why}}": f"sum by (why) (rate(kamailio_edge_refused_total{{{EDGE}}}[$__rate_interval])) * 60"},
                about="No node took them, or no trunk.",
            ),
            Graph(
                "Calls passed on to another node, a minute",
                {"": f"sum(rate(kamailio_edge_passed_on_total{{{EDGE}}}[$__rate_interval])) * 60"},
                about="A node was full, draining or gone.",
            ),
            Graph(
                "Shared memory that is free",
                {"{{instance}}": f"kamailio_shmem_free_size{{{EDGE}}} / kamailio_shmem_total_size{{{EDGE}}}"},
                "percentunit",
            ),
        ],
        "Lines": [
            Graph(
                "Trunk answers", {"{{instance}}: {{trunk}}": now("voicebot_trunk_up", "instance, trunk")}, "bool_yes_no"
            ),
            Graph(
                "Account is registered",
                {"{{instance}}: {{account}}": now("voicebot_account_registered", "instance, account")},
                "bool_yes_no",
            ),
            Graph("SIP requests, a minute", {"{{method}}": increase("voicebot_sip_requests_total", "method")}),
            Graph(
                "SIP requests answered with an error, a minute",
                {"{{status}}": increase("voicebot_sip_rejected_total", "status")},
            ),
            Graph(
                "SIP messages dropped, a minute",
                {"{{reason}}": increase("voicebot_sip_dropped_total", "reason")},
                about='"stranger": scanners, or a trunk that is not listed.',
            ),
            Graph(
                "SIP messages sent again, a minute",
                {"{{direction}}": increase("voicebot_sip_retransmissions_total", "direction")},
                about="Messages get lost, or somebody is slow.",
            ),
        ],
    },
)
DASHBOARDS = (CALLS, NODES)


def as_json(made: Dashboard) -> str:
    """What Grafana reads."""
    builder = (
        dashboard.Dashboard(made.title)
        .uid(made.uid)
        .tags(["voicebot"])
        .refresh("10s")
        .time("now-1h", "now")
        .timezone("browser")
        .with_variable(dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus"))
        .with_variable(
            dashboard.QueryVariable("node")
            .label("Nodes")
            .datasource(SOURCE)
            .query("label_values(voicebot_build_info, instance)")
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .multi(True)
            .include_all(True)
            .all_value(".*")
        )
    )
    for heading, graphs in made.rows.items():
        builder = builder.with_row(dashboard.Row(heading))
        for graph in graphs:
            builder = builder.with_panel(_panel(graph))
    return json.dumps(builder.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def _panel(graph: Graph) -> timeseries.Panel:
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    panel = (
        timeseries.Panel()
        .title(graph.title)
        .description(graph.about)
        .datasource(SOURCE)
        .unit(graph.unit)
        .min(0)
        .span(WIDTH)
        .height(HEIGHT)
        .legend(legend.show_legend(True))
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    for number, (name, query) in enumerate(graph.queries.items()):
        panel = panel.with_target(
            prometheus.Dataquery().expr(query).legend_format(name).ref_id(chr(ord("A") + number)).datasource(SOURCE)
        )
    return panel


def main() -> int:
    """Write all of them."""
    FOLDER.mkdir(exist_ok=True)
    for made in DASHBOARDS:
        made.file.write_text(as_json(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
