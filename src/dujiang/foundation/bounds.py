"""A bound for everything that could grow without end. Each names its unit; going over one is an error that says so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """Limits of one workspace; a setting may lower or raise each of them."""

    request_bytes_max: int = 4 * 1024 * 1024
    """Body of one tracking request as sent."""
    request_bytes_inflated_max: int = 32 * 1024 * 1024
    """The same body after decompression: what a zip bomb runs into."""
    request_events_max: int = 2_000
    key_requests_per_second_max: int = 50_000
    """Tracking requests of one collection key."""
    event_bytes_max: int = 64 * 1024
    event_depth_max: int = 12
    event_keys_max: int = 500
    message_id_chars_max: int = 100
    identifier_chars_max: int = 256
    identifiers_per_fact_max: int = 20
    journal_commit_rows_max: int = 512
    """Requests that share one fsync."""
    journal_queue_rows_max: int = 8_192
    """Requests waiting for the disk; beyond it the intake answers 429."""
    journal_queue_bytes_max: int = 256 * 1024 * 1024
    """The same, in bytes of their bodies."""
    load_events_max: int = 100_000
    """Events that one load reads from the journal."""
    import_bytes_max: int = 8 * 1024 * 1024 * 1024
    import_columns_max: int = 2_000
    import_cell_chars_max: int = 32_767
    import_bad_rows_kept_max: int = 100_000
    answer_rows_max: int = 10_000
    """Rows of one answer on the screen or in one page of the API."""
    export_rows_max: int = 1_000_000
    people_page_rows: int = 50
    definition_bytes_max: int = 256 * 1024


BOUNDS = Bounds()
