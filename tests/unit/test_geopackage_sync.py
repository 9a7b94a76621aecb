"""Writing a GeoPackage leaves GDAL as it was, also when it fails."""

import pyogrio
import pytest

from venuenet.publish.files import write_geopackage

OPTION = "OGR_SQLITE_SYNCHRONOUS"


@pytest.fixture(params=[None, "NORMAL"])
def before(request):
    kept = pyogrio.get_gdal_config_option(OPTION)
    pyogrio.set_gdal_config_options({OPTION: request.param})
    yield request.param
    pyogrio.set_gdal_config_options({OPTION: kept})


def test_the_waiting_for_the_disk_is_as_others_set_it(beijing, tmp_path, before):
    write_geopackage(beijing, tmp_path / "a.gpkg")
    assert pyogrio.get_gdal_config_option(OPTION) == before
    with pytest.raises(pyogrio.errors.DataSourceError):
        write_geopackage(beijing, tmp_path / "no folder" / "a.gpkg")
    assert pyogrio.get_gdal_config_option(OPTION) == before
