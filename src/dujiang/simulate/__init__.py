"""A brand whose truth is known: real-shaped channel files and tracking calls, and the truth beside them."""

from dujiang.simulate.model import CallFile, ChannelFile, Hazards, Simulated, SimulationSpec
from dujiang.simulate.run import simulate

__all__ = ["CallFile", "ChannelFile", "Hazards", "Simulated", "SimulationSpec", "simulate"]
