"""A microphone of this machine, by PortAudio (`sounddevice`): `MicrophoneSource`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

from sensors.audio.decoding import Block
from sensors.audio.live.source import LiveAudioSource
from sensors.reader.faults import ReaderError

BLOCK_S = 0.05
CHANNELS = 2


class MicrophoneSource(LiveAudioSource):
    """What a sound card hears; unplugged it is DOWN, plugged in again it goes on.

    Parameters
    ----------
    stream : str
        Identity of the sensor.
    device : str, int or None
        Part of its name, or its number, as `python -m sounddevice` lists them; the system's choice otherwise.
    options
        Those of `LiveAudioSource`.
    """

    reads = "microphone"

    def __init__(self, stream: str, device: str | int | None = None, **options: Any) -> None:
        super().__init__(stream, **options)
        self._device = device

    def _order(self) -> Mapping[str, Any]:
        return {**super()._order(), "device": self._device}


def microphone_blocks(order: Mapping[str, Any], ready: Callable[[], None]) -> Generator[Block, None, None]:
    """Samples as the device gives them; what it lost begins a new run.

    Raises
    ------
    ReaderError
        If there is no such device, or it is gone.
    """
    try:
        import sounddevice  # type: ignore[import-untyped]
    except ImportError as error:
        raise ReaderError("sounddevice is not installed; pip install 'kizashi[microphone]'") from error
    except OSError as error:
        raise ReaderError("PortAudio is not installed; install libportaudio2") from error
    ready()
    try:
        told = sounddevice.query_devices(order["device"], "input")
        rate_hz = round(told["default_samplerate"])
        with _opened(sounddevice, order, rate_hz, told["max_input_channels"]) as stream:
            fresh: float | None = 0.0
            while True:
                samples, overflowed = stream.read(round(BLOCK_S * rate_hz))
                yield Block(0.0 if overflowed else fresh, rate_hz, samples)
                fresh = None
    except ValueError as error:
        raise ReaderError(f"no such microphone ({error})") from error
    except sounddevice.PortAudioError as error:
        raise ReaderError(f"the microphone cannot be read ({error.args[0]})") from error


def _opened(sounddevice: Any, order: Mapping[str, Any], rate_hz: int, most: int) -> Any:
    """A stream of few channels, or of all where the device has all or nothing."""
    few = min(most, max((order["channel"] or 0) + 1, CHANNELS))
    ways = {"samplerate": rate_hz, "device": order["device"], "dtype": "float32"}
    try:
        return sounddevice.InputStream(channels=few, **ways)
    except sounddevice.PortAudioError:
        if few == most:
            raise
        return sounddevice.InputStream(channels=most, **ways)
