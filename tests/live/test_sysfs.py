"""Linux IIO and hwmon over a fake sysfs tree, with files as the kernel writes them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sensors.environment.live.source import LiveReadingsSource
from sensors.environment.live.sysfs import HwmonSource, IioSource
from sensors.errors import BadInputError
from sensors.types import State
from tests.live.feeling import assert_rows, column, quick, values
from tests.live.listening import Listening

KINDS: tuple[type[IioSource] | type[HwmonSource], ...] = (IioSource, HwmonSource)


def device(folder: Path, name: str, **files: object) -> Path:
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{name}\n")
    for file, content in files.items():
        (folder / file).write_text(f"{content}\n")
    return folder


@contextmanager
def reading(kind: Any, root: Path, name: str = "", **options: Any) -> Iterator[tuple[Listening, LiveReadingsSource]]:
    made = kind("roof/air", name, root=root, poll_s=0.05, **quick(**options))
    with Listening(made) as ear:
        ear.until_up(2)
        yield ear, made
    assert_rows(ear.chunks)


def test_iio_channels_come_in_documented_units(tmp_path: Path) -> None:
    device(
        tmp_path / "iio:device0", "bme680",
        in_temp_input=21_540, in_humidityrelative_input=44_250, in_pressure_input="101.325000",
        in_concentration_co2_raw=450, in_concentration_co2_scale="0.000100", in_massconcentration_pm2p5_input=7.5,
        in_illuminance_input="312.5", in_temp_raw=99, sampling_frequency=1, in_temp_oversampling_ratio=2,
        in_resistance_input=12_900,
    )  # fmt: skip
    with reading(IioSource, tmp_path, "bme680") as (ear, _):
        assert values(ear.chunks)[-1] == pytest.approx({
            "temperature_c": 21.54, "humidity_percent": 44.25, "air_pressure_hpa": 1013.25, "co2_ppm": 450,
            "pm2_5_ug_per_m3": 7.5, "illuminance_lx": 312.5, "resistance [Ohm]": 12_900,
        })  # fmt: skip


def test_raw_iio_channels_use_the_nearest_scale_and_offset(tmp_path: Path) -> None:
    device(
        tmp_path / "iio:device3", "mcp3208",
        in_temp_raw=395, in_temp_offset=-64, in_temp_scale="62.5", in_voltage0_raw=2048, in_voltage1_raw=100,
        in_voltage_scale="0.5", in_voltage1_scale="2", **{"in_voltage0-voltage1_raw": 10},
    )  # fmt: skip
    with reading(IioSource, tmp_path, "iio:device3") as (ear, _):
        assert values(ear.chunks)[-1] == pytest.approx({
            "temperature_c": 20.6875, "voltage0_v": 1.024, "voltage1_v": 0.2, "voltage0_voltage1_v": 0.005,
        })  # fmt: skip


def test_hwmon_channels_come_in_documented_units_and_under_their_labels(tmp_path: Path) -> None:
    device(
        tmp_path / "hwmon2", "sht3x",
        temp1_input=23_000, temp1_label="Room", temp2_input=-5_500, humidity1_input=51_000, power1_average=1_500_000,
        in0_input=12_100, curr1_input=250, fan1_input=1200, temp1_max=99_000, intrusion0_alarm=1,
    )  # fmt: skip
    with reading(HwmonSource, tmp_path, "sht3x") as (ear, _):
        assert values(ear.chunks)[-1] == pytest.approx({
            "room_temperature_c": 23, "temperature2_c": -5.5, "humidity1_percent": 51, "power1_w": 1.5,
            "voltage0_v": 12.1, "current1_a": 0.25, "fan_speed1 [rpm]": 1200, "tamper0": 1,
        })  # fmt: skip


def test_devices_of_one_name_keep_apart(tmp_path: Path) -> None:
    for number in (0, 1):
        device(tmp_path / f"iio:device{number}", "dht11", in_temp_input=20_000 + 1000 * number)
    with reading(IioSource, tmp_path) as (ear, _):
        ear.until(lambda: len(ear.chunks) > 3)
    assert set(column(ear.chunks, "temperature_c")) == {20}
    assert set(column(ear.chunks, "temperature_c_2")) == {21}


def test_a_channel_that_means_nothing_is_no_reading(tmp_path: Path) -> None:
    folder = device(tmp_path / "hwmon0", "nct", temp1_input=127_000, temp1_fault=1, temp2_input=30_000)
    (folder / "temp3_input").write_text("")
    (folder / "temp4_input").symlink_to(folder / "gone")
    with reading(HwmonSource, tmp_path) as (ear, made):
        (folder / "temp1_fault").write_text("0\n")
        ear.until(lambda: 127 in column(ear.chunks, "temperature1_c"))
    assert set(column(ear.chunks, "temperature2_c")) == {30}
    assert set(made.complaints.counts) == {
        ("holds no number", "nct (hwmon0), temp3_input"),
        ("cannot be read (No such file or directory)", "nct (hwmon0), temp4_input"),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_that_is_unplugged_is_told_and_found_again(kind: Any, tmp_path: Path) -> None:
    root = tmp_path / "sys"
    folder, file = ("iio:device0", "in_temp_input") if kind is IioSource else ("hwmon0", "temp1_input")
    device(root / folder, "probe", **{file: 20_000})
    with reading(kind, root, "probe") as (ear, _):
        shutil.rmtree(root / folder)
        ear.until_down("")
        ear.until(lambda: any("there is no" in reason and "'probe'" in reason for reason in ear.reasons()))
        device(root / folder.replace("0", "4"), "probe", **{file: 21_000})
        ear.until_up()
    assert [state for state in ear.states() if state is State.UP] == [State.UP] * 2
    with pytest.raises(BadInputError, match="poll_s must be above 0"):
        kind("a/b", root=root, poll_s=0)
