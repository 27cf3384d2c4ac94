"""Every file has the platform's own columns in the platform's own order: the lists here are copied from real exports."""

from __future__ import annotations

import csv
from contextlib import closing
from pathlib import Path
from typing import Final

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from dujiang.simulate import Simulated

HEADERS: Final = {
    "ExportOrderList*.csv": (
        "订单编号,买家会员名,买家支付宝账号,支付单号,支付详情,买家应付货款,买家应付邮费,买家支付积分,"
        "总金额,返点积分,买家实际支付金额,买家实际支付积分,订单状态,买家留言,收货人姓名,收货地址,运送方式,"
        "联系电话,联系手机,订单创建时间,订单付款时间,宝贝标题,宝贝种类,物流单号,物流公司,订单备注,"
        "宝贝总数量,店铺Id,店铺名称,订单关闭原因,卖家服务费,买家服务费,发票抬头,是否手机订单,"
        "分阶段订单信息,特权订金订单id,是否上传合同照片,是否上传小票,是否代付,定金排名,修改后的sku,"
        "修改后的收货地址,异常信息,天猫卡券抵扣,集分宝抵扣,是否是O2O交易,新零售交易类型,"
        "新零售导购门店名称,新零售导购门店id,新零售发货门店名称,新零售发货门店id,退款金额,预约门店,"
        "确认收货时间,打款商家金额,含应开票给个人的个人红包"
    ),
    "ExportOrderDetailList*.csv": (
        "子订单编号,主订单编号,标题,价格,购买数量,外部系统编号,商品属性,套餐信息,备注,订单状态,商家编码,"
        "支付单号,买家应付货款,买家实际支付金额,退款状态,退款金额,订单创建时间,订单付款时间,商品id,"
        "分阶段订单信息,主订单备注,主订单买家留言,发货时间,物流单号,物流公司,是否赔付,赔付金额,"
        "赔付出账时间"
    ),
    "抖店订单_*.csv": (
        "主订单编号,子订单编号,支付方式,选购商品,货号,商品ID,商家编码,商品数量,商品金额,订单提交时间,"
        "支付完成时间,订单完成时间,承诺发货时间,预约发货时间,买家留言,旗帜颜色,商家备注,APP渠道,"
        "订单状态,取消原因,售后状态,订单类型,发货时间,车型,是否是以旧换新,换新额外补贴,"
        "换新额外补贴发放状态,订单应付金额,运费,优惠总金额,平台优惠,商家优惠,达人优惠,商家改价,支付优惠,"
        "手续费,红包抵扣,降价类优惠,平台实际承担优惠金额,商家实际承担优惠金额,达人实际承担优惠金额,收件人,"
        "收件人手机号,省,市,区,街道,详细地址,是否修改过地址,快递信息,序列号,达人ID,达人昵称,"
        "拼团订单团编号,商品单价是否含税,税费,鲁班落地页ID,所属门店ID,流量来源,仓库ID,仓库名称,"
        "是否安心购,广告渠道,流量类型,流量体裁,流量渠道,发货主体,发货主体明细,教育优惠,预计送达时间,"
        "是否平台仓自流转,是否是渠道商品,预约送达时间,建议发货时间（起）,建议发货时间（止）"
    ),
    "抖店售后单_*.csv": (
        "售后单号,订单号,商品单号,商品名称,商品ID,应付金额（元）,商品运费（元）,支付优惠（元）,"
        "商品税费（元）,商品发货状态,售后类型,退商品金额（元）,退运费金额（元）,退支付优惠（元）,"
        "退税费金额（元）,售后状态,售后申请时间,退款方式,是否已上传退款凭证,售后原因,售后原因标签,"
        "退货物流单号,退货异常,退货发货时间,退货物流公司,自动处理截止时间,同意售后申请时间,商家退款时间,"
        "用户到账时间,售后关闭时间,商家退货地址,商家退货联系人姓名,商家退货联系人电话,仲裁状态,纠纷责任方,"
        "是否极速退款,是否拒签后退款,发货物流单号,发货物流状态,换货物流单号,退货物流状态,售后完结时间,"
        "订单备注,用户售后说明,售后备注,操作人,协商记录,换货商品信息,商家编码,门店名称"
    ),
    "小红书订单查询*.xlsx": (
        "订单号,订单状态,售后状态,订单类型,订单标记,收件人姓名,收件人电话,收件人地址,省,市,区,区域编码,"
        "小红书编码,条形码,规格ID,达人ID,达人名称,SKU名称,SKU规格,SKU件数,是否为赠品,"
        "发票/Invoice,商品总价(元),用户应付金额(元),平台优惠(元),店铺优惠(元),"
        "支付渠道优惠(元),SKU商家改价(元),商家应收金额(元)（支付金额）,支付方式,支付渠道订单号,"
        "支付期数,利息费用,手续费承担方,支付时间,sku净重(kg),包裹总净重(kg),包裹总运费(元),"
        "快递公司,快递单号,发货链接,大头笔/Paint Marker,集包地/Express Extend 1,"
        "三段码/Express Extend 2,订购人身份证姓名/ID Name,"
        "订购人身份证号/ID Number,收件人身份证姓名,收件人身份证号,订单创建时间,预售订单开始发货时间,"
        "预售订单截止发货时间,承诺发货时间,订单发货时间,订单完成时间,发货仓库,确认收货类型,是否延迟收货,"
        "用户备注,包裹备注标记,包裹备注信息,异常原因,店铺名称,用户编号,运费模版名称,物流方案名称,"
        "第三方机构订单号,国补模式,供应商id,供应商名称,商家编码,商品ID,商品名称"
    ),
    "买手数据_*.xlsx": (
        "支付时间,订单ID,订单状态,规格名称,规格ID,价格,达人名称,达人ID,商家实收金额,用户实付金额,"
        "退款金额,有效销售金额（计佣金额）,佣金率,预估支出佣金,合作类型,推广渠道"
    ),
    "聚光投放数据_*.csv": (
        "时间,创意名称,创意ID,笔记ID,笔记跳转链接,单元名称,单元ID,计划名称,计划ID,消费,展现量,"
        "点击量,点击率,平均点击成本,平均千次展示费用,点赞,评论,收藏,关注,分享,互动量,平均互动成本,"
        "行动按钮点击量,行动按钮点击率,截图,保存图片,小红星站外活跃UV(30日归因),"
        "小红星站外活跃成本(30日归因),小红星任务期消费,搜索组件点击量,搜索组件点击转化率,"
        "平均搜索后阅读笔记篇数,搜后阅读量,新增种草人群,新增种草人群成本,新增深度种草人群,"
        "新增深度种草人群成本,投放位置,精准定向,关键词"
    ),
    "视频号小店订单_*.csv": (
        "订单号,订单下单时间,订单发货时间,订单确认收货时间,订单完成结算时间,订单状态,发货方式,收件人姓名,"
        "收件人地址,省,市,区,收件人手机,买家备注,商家备注,打标颜色,商品总价,订单实际支付金额,"
        "订单实际收款金额,订单运费,商品优惠,跨店优惠,商品改价,积分抵扣,支付方式,支付时间,交易单号,"
        "物流公司,快递单号,技术服务费,技术服务费（将以人气卡形式返还）,运费险预计投保费用,带货方式,"
        "带货账号类型,带货账号昵称,带货费用渠道,带货费用类型,带货费用,带货佣金率,礼物单号,商品名称,"
        "商品编码(平台),商品编码(自定义),SKU编码(自定义),商品属性,商品价格(单件),"
        "商品实际价格(单件),商品实际价格(总共),是否预售,商品数量,商品平台券优惠,商品平均运费,定制信息,"
        "定制预览图,商品发货,商品售后,商品已退款金额"
    ),
    "orders_export*.csv": (
        "商品,订单号,订单状态,商品总价(元),邮费(元),店铺优惠折扣(元),平台优惠折扣(元),"
        "多多支付立减金额(元),用户实付金额(元),商家实收金额(元),商品数量(件),发货时间,确认收货时间,"
        "商品id,商品规格,样式ID,商家编码-规格维度,商家编码-商品维度,商家备注,售后状态,快递单号,"
        "快递公司,订单成交时间,是否分期,分期期数,手续费承担方,分期方式"
    ),
    "有赞订单_*.csv": (
        "订单号,销售渠道,归属店铺,订单类型,订单状态,推广方式,订单来源,订单创建时间,买家付款时间,"
        "交易成功时间,付款方式,支付流水号,商品金额合计,运费,店铺优惠合计,应收订单金额,订单实付金额,"
        "支付优惠合计,订单实收金额,订单抵用积分数,店铺优惠方式,支付优惠方式,全部商品名称,商品种类数,"
        "订单配送方式,同城送达时间/提货时间,收货人省份,收货人城市,收货人地区,详细收货地址/提货地址,"
        "收货人/提货人,收货人手机号/提货人手机号,买家备注,订单星级,买家昵称,买家是否会员,买家手机号,"
        "下单网点,收银员,分销员,销售导购,专属导购,订单退款状态,订单已退款金额,商家订单备注,桌号,挂账主体,"
        "挂账手机号,团长订单,订单风险标签,分销员,分销员手机号,分销员所属店铺,分销员所属团队,分销员所属分组,"
        "分销员等级,订单佣金类型,订单佣金金额,订单下级卖货提成类型,订单下级卖货提成金额"
    ),
    "商品日报_*.xlsx": (
        "统计日期,商品ID,商品名称,商品访客数,商品浏览量,平均停留时长,商品详情页跳出率,支付买家数,"
        "支付金额,商品支付转化率,成功退款金额,搜索引导支付转化率"
    ),
}
ENCODINGS: Final = {"ExportOrder*": "gb18030", "全域推广数据*": "gb18030"}


def _files(brand: Simulated, pattern: str) -> list[Path]:
    return [brand.folder / one.path for one in brand.files if one.path.match(pattern)]


def _rows(path: Path) -> list[list[str]]:
    if path.suffix == ".xlsx":
        with closing(openpyxl.load_workbook(path, read_only=True)) as book:
            rows = book.worksheets[0].iter_rows(values_only=True)
            return [["" if cell is None else str(cell) for cell in row] for row in rows]
    coded = next((name for pattern, name in ENCODINGS.items() if path.match(pattern)), "utf-8-sig")
    with path.open(encoding=coded, newline="") as stream:
        return list(csv.reader(stream))


@pytest.mark.parametrize("pattern", HEADERS)
def test_header_is_the_platforms(brand: Simulated, pattern: str) -> None:
    files = _files(brand, pattern)
    assert files
    for path in files:
        assert ",".join(_rows(path)[0]) == HEADERS[pattern]


def test_every_row_has_a_cell_for_every_column(brand: Simulated) -> None:
    for one in brand.files:
        if one.path.suffix != ".zip":
            header, *rows = _rows(brand.folder / one.path)
            assert {len(row) for row in rows} == {len(header)}, one.path
            total = one.path.name.startswith("全域推广数据")
            assert len(rows) == one.rows + total, one.path


@pytest.mark.parametrize("pattern", ["ExportOrderList*.csv", "全域推广数据*.csv"])
def test_what_platforms_write_in_gb18030_is_no_utf_8(brand: Simulated, pattern: str) -> None:
    with pytest.raises(UnicodeDecodeError):
        _files(brand, pattern)[0].read_text("utf-8")


@pytest.mark.parametrize("pattern", ["抖店订单_*.csv", "有赞订单_*.csv", "orders_export*.csv"])
def test_newer_exports_begin_with_a_byte_order_mark(brand: Simulated, pattern: str) -> None:
    assert _files(brand, pattern)[0].read_bytes().startswith(b"\xef\xbb\xbf")


def test_tmall_wraps_long_numbers(brand: Simulated) -> None:
    numbers = [row[0] for row in _rows(_files(brand, "ExportOrderList*.csv")[1])[1:]]
    assert all(number.startswith('="') and number.endswith('"') and len(number) == 22 for number in numbers)


def test_qianchuan_begins_with_its_total(brand: Simulated) -> None:
    header, total, *rows = _rows(_files(brand, "全域推广数据*.csv")[1])
    cost = header.index("整体消耗")
    assert total[0] == "全部"
    assert round(float(total[cost]) * 100) == sum(round(float(row[cost]) * 100) for row in rows)


def test_both_spreadsheet_readers_see_the_same(brand: Simulated) -> None:
    path = _files(brand, "小红书订单查询*.xlsx")[1]
    seen = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert [[str(cell) for cell in row] for row in seen[:1]] == _rows(path)[:1]
    units = seen[0].index("SKU件数")
    assert [row[units] for row in seen[1:]] == [float(row[units]) for row in _rows(path)[1:]]
